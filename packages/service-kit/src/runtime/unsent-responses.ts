import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Transfer, Transfers } from '../http/transfers.ts';

/** Maximum of bytes of complete responses that wait to be sent, for all callers together. Beyond it the oldest one gives way. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
/** A response up to this size is counted only behind another one of its connection. The server accepts 4,096 connections. */
const SMALL_RESPONSE_BYTES = 16 * 1024;
/** Time after which a connection is closed whose client receives nothing of a complete response. */
const STALLED_AFTER_MS = 20_000;

/** Bounds of the responses that clients do not read. */
export interface UnsentResponseLimits {
  /** Default 16 MiB. */
  readonly maxUnsentBytes?: number;
  /** Default 20,000. */
  readonly stalledAfterMs?: number;
}

/**
 * The class of a server's responses. Node keeps a response until its client has read it, without a deadline, and those of all pipelined
 * requests of a connection. This class closes the connection of the oldest one while all together hold too many bytes, and a
 * connection that stalls (ADR 0077).
 */
export function boundedResponses({
  maxUnsentBytes = MAX_UNSENT_BYTES,
  stalledAfterMs = STALLED_AFTER_MS,
}: UnsentResponseLimits): typeof ServerResponse {
  const unsent = new Transfers(maxUnsentBytes);
  const bySocket = new WeakMap<Socket, Set<Transfer>>();

  /** The response to a pipelined request emits no `close` when its connection closes before its turn. */
  function transfersOf(socket: Socket): Set<Transfer> {
    const existing = bySocket.get(socket);
    if (existing) return existing;
    const transfers = new Set<Transfer>();
    bySocket.set(socket, transfers);
    socket.once('close', () => {
      for (const { end } of transfers) end();
    });
    return transfers;
  }

  /** Node replaces the timeout when the response is sent. A connection that still sends bytes does not time out. */
  function endIfStalled(response: ServerResponse): void {
    const { socket } = response.req;
    if (socket.writableLength === 0) return;
    socket.setTimeout(stalledAfterMs);
    response.once('timeout', () => socket.resetAndDestroy());
  }

  function watch(response: ServerResponse): void {
    const { writableLength: bytes } = response;
    const { socket } = response.req;
    if (bytes === 0 || socket.destroyed) return;
    const isItsTurn = response.socket !== null;
    if (isItsTurn) endIfStalled(response);
    else response.once('prefinish', () => endIfStalled(response));
    if (isItsTurn && bytes <= SMALL_RESPONSE_BYTES) return;
    const transfers = transfersOf(socket);
    // A reset also frees the bytes in the buffers of the operating system, which keeps them for minutes otherwise.
    const transfer = unsent.start(() => socket.resetAndDestroy());
    transfers.add(transfer);
    response.once('finish', () => {
      transfers.delete(transfer);
      transfer.end();
    });
    transfer.hold(bytes);
  }

  return class<Request extends IncomingMessage> extends ServerResponse<Request> {
    override end(...args: unknown[]): this {
      super.end(...(args as Parameters<ServerResponse['end']>));
      watch(this);
      return this;
    }
  };
}

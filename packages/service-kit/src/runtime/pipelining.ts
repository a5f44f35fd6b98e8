import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Maximum number of requests of one connection without a response. Clients and proxies send the next request after a response, unless
 * they pipeline. Node reads on however many requests have none, and a request takes 16 KiB: 100 connections with 500 requests
 * each, whose tokens had a forged signature, took 1,000 MiB (ADR 0077).
 */
const MAX_PIPELINED = 4;

/** The request and its response, as the adapter of Node's server passes them. */
interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: Pick<ServerResponse, 'once'>;
}

/** Returns a function that is called for each request. It closes the connection and returns false when too many have no response. */
export function limitPipelining(max = MAX_PIPELINED): (exchange: Exchange) => boolean {
  const unanswered = new WeakMap<Socket, number>();
  const add = (socket: Socket, change: 1 | -1): number => {
    const count = (unanswered.get(socket) ?? 0) + change;
    unanswered.set(socket, count);
    return count;
  };
  return ({ incoming: { socket }, outgoing }) => {
    // The parser also passes on the other requests that it has read from a connection that was closed.
    if (socket.destroyed) return false;
    outgoing.once('close', () => add(socket, -1));
    if (add(socket, 1) <= max) return true;
    socket.destroy();
    return false;
  };
}

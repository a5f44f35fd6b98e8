import { type ClientHttp2Stream, constants, type Http2Session, type IncomingHttpHeaders } from 'node:http2';
import { type DescMessage, type DescMethodUnary, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { type CallOptions, Code, ConnectError, type Transport, type UnaryResponse } from '@connectrpc/connect';
import { Http2SessionManager } from '@connectrpc/connect-node';
import { errorOf, frameOf, MAX_MESSAGE_BYTES, messageOf, PREFIX_BYTES } from './framing.ts';
import { createSlots } from './slots.ts';

/** How the transport reaches the sidecar, and its limits. */
export interface TransportOptions {
  readonly host: string;
  readonly port: number;
  /** Sent with every call. */
  readonly headers: Readonly<Record<string, string>>;
  /** Maximum number of calls in flight; further calls wait, within their deadlines. */
  readonly maxInFlight: number;
  /** Deadline of a call without one of its own, in milliseconds. */
  readonly deadlineMs: number;
}

export interface SidecarTransport extends Transport {
  /** Waits for calls in flight, at most `withinMs`, then closes the connection. */
  close(withinMs: number): Promise<void>;
}

/** Further calls fail at once. */
const MAX_WAITING = 4_096;
/** A call on a connection without traffic for so long is preceded by a PING. The sidecar refuses more than one in 8 s. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 2_000;
/** Room for `maxInFlight` messages of the largest size in both directions, in MB. Node's default of 10 MB refuses calls beyond it. */
const SESSION_MEMORY_MB_PER_CALL = 8;
/** HTTP/2's default of 64 KiB makes a bulk get wait for window updates. */
const WINDOW_BYTES = MAX_MESSAGE_BYTES;

const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };
const NO_HEADERS = new Headers();

type Method = DescMethodUnary<DescMessage, DescMessage>;

/**
 * A transport for unary gRPC calls over one HTTP/2 connection, without compression. It exists beside the transport of
 * connect-node because of its cost: a small call takes a quarter of the processor time (ADR 0081).
 */
export function createTransport(options: TransportOptions): SidecarTransport {
  const manager = new Http2SessionManager(
    `http://${options.host}:${options.port}`,
    { pingIntervalMs: PING_INTERVAL_MS, pingTimeoutMs: PING_TIMEOUT_MS },
    {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MB_PER_CALL * options.maxInFlight,
    },
  );
  const slots = createSlots(options.maxInFlight, MAX_WAITING);
  /** The connection of the latest call, until its event `close`. */
  let connection: { readonly session: Http2Session; readonly closed: Promise<void> } | undefined;

  /**
   * Opens a stream, but not between the loss of a connection and its event `close`. The session manager would connect again, and stop
   * listening to the lost connection. The event `error` of that connection would then end this process. After a lost PING, the new
   * connection would be replaced at once, and calls would wait for it without end.
   */
  async function open(path: string, headers: Readonly<Record<string, string>>): Promise<ClientHttp2Stream> {
    if (connection?.session.destroyed) await connection.closed;
    const stream = await manager.request('POST', path, headers, {});
    const { session } = stream;
    if (session && session !== connection?.session) {
      const closed = Promise.withResolvers<void>();
      const current = { session, closed: closed.promise };
      connection = current;
      session.once('close', () => {
        closed.resolve();
        if (connection === current) connection = undefined;
      });
    }
    return stream;
  }

  function call(
    method: Method,
    frame: Buffer,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    extra: Readonly<Record<string, string>>,
  ): Promise<Buffer> {
    const calledAt = performance.now();
    return new Promise((resolve, reject) => {
      let stream: ClientHttp2Stream | undefined;
      let opening = false;
      let finished = false;
      let leave: (() => void) | undefined;

      function finish(result: ConnectError | Buffer): void {
        if (finished) return;
        finished = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        // While the connection opens, the call keeps its slot: the number of waiting calls stays limited.
        if (!opening) leave?.();
        if (result instanceof ConnectError) reject(result);
        else resolve(result);
      }

      /** The sidecar receives a cancellation. It may have done the work, or still do it. */
      function cancel(reason: ConnectError): void {
        if (manager.state() === 'connecting') manager.abort(reason);
        finish(reason);
        stream?.close(constants.NGHTTP2_CANCEL);
      }

      const timer = setTimeout(() => cancel(new ConnectError('deadline exceeded', Code.DeadlineExceeded)), timeoutMs);
      const onAbort = () => cancel(new ConnectError('aborted', Code.Canceled));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);

      leave = slots.enter(() => {
        opening = true;
        const remainingMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - calledAt)));
        const headers = { ...options.headers, ...extra, ...GRPC, 'grpc-timeout': `${remainingMs}m` };
        open(`/${method.parent.typeName}/${method.name}`, headers).then(
          (opened) => {
            opening = false;
            if (finished) {
              opened.close(constants.NGHTTP2_CANCEL);
              leave?.();
              return;
            }
            stream = opened;
            receive(opened, finish);
            opened.end(frame);
          },
          (error: unknown) => {
            opening = false;
            if (finished) leave?.();
            else finish(ConnectError.from(error, Code.Unavailable));
          },
        );
      });
      if (!leave && !finished)
        finish(new ConnectError(`more than ${MAX_WAITING} calls wait for the sidecar`, Code.ResourceExhausted));
    });
  }

  /** Collects the response of a call. */
  function receive(stream: ClientHttp2Stream, finish: (result: ConnectError | Buffer) => void): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let last: IncomingHttpHeaders = {};
    stream.on('response', (headers) => {
      last = headers;
      if (headers[':status'] !== 200) finish(new ConnectError(`HTTP status ${headers[':status']}`, Code.Unavailable));
    });
    stream.on('trailers', (trailers) => {
      last = trailers;
    });
    stream.on('data', (chunk: Buffer) => {
      manager.notifyResponseByteRead(stream);
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= MAX_MESSAGE_BYTES + PREFIX_BYTES) return;
      finish(new ConnectError(`the response is larger than ${MAX_MESSAGE_BYTES} bytes`, Code.ResourceExhausted));
      stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on('end', () => finish(errorOf(last) ?? Buffer.concat(chunks, bytes)));
    stream.on('error', (error) => finish(ConnectError.from(error, Code.Unavailable)));
    stream.on('close', () => finish(new ConnectError('the connection was closed', Code.Unavailable)));
  }

  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: CallOptions['headers'],
      input: MessageInitShape<I>,
    ): Promise<UnaryResponse<I, O>> {
      const frame = frameOf(method.input, input);
      const extra = header === undefined ? {} : Object.fromEntries(new Headers(header));
      const response = await call(method, frame, timeoutMs ?? options.deadlineMs, signal, extra);
      const message = fromBinary(method.output, messageOf(response));
      return { stream: false, service: method.parent, method, header: NO_HEADERS, trailer: NO_HEADERS, message };
    },

    stream: () => Promise.reject(new ConnectError('only unary calls are supported', Code.Unimplemented)),

    async close(withinMs) {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, withinMs);
      });
      await Promise.race([slots.idle(), limit]);
      clearTimeout(timer);
      manager.abort();
    },
  };
}

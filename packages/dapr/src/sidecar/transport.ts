import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { type DescMessage, type DescMethodUnary, fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { type CallOptions, Code, ConnectError, type Transport, type UnaryResponse } from '@connectrpc/connect';
import { createSlots } from '@standing-order/service-kit/runtime';
import { errorOf, frameOf, MAX_MESSAGE_BYTES, messageOf, PREFIX_BYTES } from './framing.ts';
import { createHttp2Connection, type Http2Connection } from './http2-connection.ts';

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

const deadlineExceeded = () => new ConnectError('deadline exceeded', Code.DeadlineExceeded);

const GRPC = { 'content-type': 'application/grpc', te: 'trailers' };
const NO_HEADERS = new Headers();

type Method = DescMethodUnary<DescMessage, DescMessage>;

/**
 * A transport for unary gRPC calls over one HTTP/2 connection, without compression. It exists beside the transport of
 * connect-node because of its cost: a small call takes a quarter of the processor time (ADR 0081).
 */
export function createTransport(options: TransportOptions): SidecarTransport {
  const connection = createHttp2Connection(`http://${options.host}:${options.port}`, options.maxInFlight);
  const slots = createSlots(options.maxInFlight, MAX_WAITING);

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
        connection.abortConnecting(reason);
        finish(reason);
        stream?.close(constants.NGHTTP2_CANCEL);
      }

      /** After a pause of this process the timer fires late. A write that is sent then may be over a copy that is too old (ADR 0120). */
      const isExpired = () => performance.now() - calledAt >= timeoutMs;

      function send(): void {
        opening = true;
        const remainingMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - calledAt)));
        const headers = { ...options.headers, ...extra, ...GRPC, 'grpc-timeout': `${remainingMs}m` };
        const path = `/${method.parent.typeName}/${method.name}`;
        // A rejection, because thousands of waiting calls would otherwise end inside each other.
        const opened = isExpired() ? Promise.reject(deadlineExceeded()) : connection.open(path, headers);
        opened.then(onOpen, onOpenError);
      }

      function onOpen(opened: ClientHttp2Stream): void {
        if (isExpired()) finish(deadlineExceeded());
        opening = false;
        if (finished) {
          opened.close(constants.NGHTTP2_CANCEL);
          leave?.();
          return;
        }
        stream = opened;
        receive(connection, opened, finish);
        opened.end(frame);
      }

      function onOpenError(error: unknown): void {
        opening = false;
        if (finished) leave?.();
        else finish(ConnectError.from(error, Code.Unavailable));
      }

      const timer = setTimeout(() => cancel(deadlineExceeded()), timeoutMs);
      const onAbort = () => cancel(new ConnectError('aborted', Code.Canceled));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);

      leave = slots.enter(send);
      if (!leave && !finished)
        finish(new ConnectError(`more than ${MAX_WAITING} calls wait for the sidecar`, Code.ResourceExhausted));
    });
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
      connection.close();
    },
  };
}

/** Collects the response of a call. */
function receive(
  connection: Pick<Http2Connection, 'received'>,
  stream: ClientHttp2Stream,
  finish: (result: ConnectError | Buffer) => void,
): void {
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
    connection.received(stream);
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= MAX_MESSAGE_BYTES + PREFIX_BYTES) return;
    finish(new ConnectError(`the response is larger than ${MAX_MESSAGE_BYTES} bytes`, Code.ResourceExhausted));
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('end', () => finish(errorOf(last) ?? Buffer.concat(chunks, bytes)));
  stream.on('error', (error) => finish(ConnectError.from(error, Code.Unavailable)));
  stream.on('close', () => {
    // An error object costs a stack trace: 2 % of the processor time at a low rate, if every call makes one.
    if (!stream.readableEnded) finish(new ConnectError('the connection was closed', Code.Unavailable));
  });
}

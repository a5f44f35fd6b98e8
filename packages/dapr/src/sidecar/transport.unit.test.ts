import { EventEmitter, once } from 'node:events';
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, type ConnectError, createClient } from '@connectrpc/connect';
import { Dapr, GetStateResponseSchema } from '@dapr/dapr/proto/dapr/proto/runtime/v1/dapr_pb.js';
import { afterEach, expect, test, vi } from 'vitest';
import { MAX_MESSAGE_BYTES } from './framing.ts';
import { createTransport, type TransportOptions } from './transport.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Respond = (stream: ServerHttp2Stream, headers: Headers) => void;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** An HTTP/2 server and a client of it. */
async function start(respond: Respond, options: Partial<TransportOptions> = {}) {
  let server: Http2Server | undefined;
  const streams: ServerHttp2Stream[] = [];
  const sockets: Socket[] = [];
  /** Emits `stream` and `ping` when the server receives one. */
  const arrivals = new EventEmitter();
  async function listen(port: number): Promise<number> {
    server = createServer();
    server.on('connection', (socket) => sockets.push(socket.on('error', () => undefined)));
    server.on('session', (session) => session.on('ping', () => arrivals.emit('ping')));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      arrivals.emit('stream');
      streams.push(stream);
      respond(stream, headers);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  async function stop(): Promise<void> {
    const closed = server && once(server, 'close');
    server?.close();
    for (const session of new Set(streams.splice(0).map((stream) => stream.session))) session?.destroy();
    await closed;
  }
  const port = await listen(0);
  ends.push(stop);
  const limits = { maxInFlight: 8, deadlineMs: 5_000, headers: { 'dapr-api-token': 'secret' } };
  const transport = createTransport({ host: '127.0.0.1', port, ...limits, ...options });
  ends.push(() => transport.close(0));
  /** Loses all connections as a killed process does that has received bytes and not read them. */
  const reset = () => sockets.splice(0).map((socket) => socket.resetAndDestroy());
  return { dapr: createClient(Dapr, transport), transport, stop, reset, arrivals, restart: () => listen(port) };
}

const framed = (message: Uint8Array) => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};
const succeed: Respond = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  const data = new TextEncoder().encode('1');
  stream.end(framed(toBinary(GetStateResponseSchema, create(GetStateResponseSchema, { data, etag: '7' }))));
};
const fail =
  (status: number, message: string): Respond =>
  (stream) =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status), 'grpc-message': message },
      { endStream: true },
    );

const failure = (call: Promise<unknown>): Promise<ConnectError> =>
  call.then(
    () => Promise.reject(new Error('the call has not failed')),
    (error: ConnectError) => error,
  );
const request = { storeName: 'state', key: 'a' };

test('sends the token, the deadline and the trace parent, and returns the response', async () => {
  const seen: Headers[] = [];
  const { dapr } = await start((stream, headers) => {
    seen.push(headers);
    succeed(stream, headers);
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { etag } = await dapr.getState(request, { headers: { traceparent }, timeoutMs: 1_000 });
  expect(etag).toBe('7');
  expect(seen).toMatchObject([
    {
      ':path': '/dapr.proto.runtime.v1.Dapr/GetState',
      'content-type': 'application/grpc',
      'dapr-api-token': 'secret',
      traceparent,
    },
  ]);
  expect(seen[0]?.['grpc-timeout']).toMatch(/^\d{1,4}m$/);
});

test.each([
  ['an error status', fail(Code.Aborted, 'not%20the%20version%20%E2%82%AC'), Code.Aborted, 'not the version €'],
  ['a status that is not decodable', fail(Code.Internal, '50% full'), Code.Internal, '50% full'],
  [
    'an HTTP error',
    (stream: ServerHttp2Stream) => stream.respond({ ':status': 503 }, { endStream: true }),
    Code.Unavailable,
    '503',
  ],
  ['a reset', (stream: ServerHttp2Stream) => stream.close(2), Code.Unavailable, ''],
  ['a lost connection', (stream: ServerHttp2Stream) => stream.session?.destroy(), Code.Unavailable, ''],
  [
    'a response that is too large',
    (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(MAX_MESSAGE_BYTES + 6));
    },
    Code.ResourceExhausted,
    'larger than',
  ],
  [
    'a response that ends early',
    (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 9, 1]));
    },
    Code.Internal,
    'not one uncompressed message',
  ],
] as const)('fails after %s', async (_, respond, code, message) => {
  const { dapr } = await start(respond);
  const error = await failure(dapr.getState(request));
  expect(Code[error.code]).toBe(Code[code]);
  expect(error.rawMessage).toContain(message);
});

test('sends no request that is larger than a message may be', async () => {
  const { dapr } = await start(() => {
    throw new Error('a request was sent');
  });
  const states = [{ key: 'a', value: new Uint8Array(MAX_MESSAGE_BYTES) }];
  expect((await failure(dapr.saveState({ storeName: 'state', states }))).code).toBe(Code.ResourceExhausted);
});

test('ends each call at its deadline, also one that waits for others, and cancels it at the sidecar', async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<number>();
  const { dapr } = await start((stream) => stream.on('close', () => resolve(stream.rstCode)), { maxInFlight: 1 });
  const errors = await Promise.all([1, 2, 3].map(() => failure(dapr.getState(request, { timeoutMs: 50 }))));
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill(Code.DeadlineExceeded));
  expect(await cancelled).toBe(constants.NGHTTP2_CANCEL);
});

test('does not send the calls that wait after their deadlines, because the process was paused', async () => {
  const streams: ServerHttp2Stream[] = [];
  const { dapr, arrivals } = await start((stream) => streams.push(stream), { maxInFlight: 1 });
  const first = dapr.getState(request);
  await once(arrivals, 'stream');
  const waiting = Array.from({ length: 4_000 }, () => failure(dapr.getState(request)));
  const pausedAt = performance.now();
  const now = vi.spyOn(performance, 'now').mockImplementation(() => pausedAt + 3_600_000);
  const [stream] = streams;
  if (stream) succeed(stream, {});
  await first;
  expect(new Set((await Promise.all(waiting)).map(({ code }) => code))).toEqual(new Set([Code.DeadlineExceeded]));
  now.mockRestore();
  expect(streams).toHaveLength(1);
  const third = dapr.getState(request);
  await once(arrivals, 'stream');
  const [, last] = streams;
  if (last) succeed(last, {});
  await third;
});

test('ends a call that is aborted', async () => {
  const { dapr } = await start(() => undefined);
  const abort = new AbortController();
  const call = failure(dapr.getState(request, { signal: abort.signal }));
  abort.abort();
  expect((await call).code).toBe(Code.Canceled);
  expect((await failure(dapr.getState(request, { signal: abort.signal }))).code).toBe(Code.Canceled);
});

test('has at most so many calls in flight', async () => {
  let inFlight = 0;
  let most = 0;
  const { dapr } = await start(
    (stream, headers) => {
      most = Math.max(most, ++inFlight);
      setImmediate(() => {
        inFlight--;
        succeed(stream, headers);
      });
    },
    { maxInFlight: 3 },
  );
  await Promise.all(Array.from({ length: 20 }, () => dapr.getState(request)));
  expect(most).toBe(3);
});

test('opens a new connection after the old one was lost', async () => {
  const { dapr, stop, restart } = await start(succeed);
  await dapr.getState(request);
  await stop();
  expect((await failure(dapr.getState(request))).code).toBe(Code.Unavailable);
  await restart();
  expect((await dapr.getState(request)).etag).toBe('7');
});

test('survives a connection that is reset while further calls wait', async () => {
  const uncaught: unknown[] = [];
  const collect = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', collect);
  ends.push(async () => process.off('uncaughtException', collect));
  const first = Promise.withResolvers<void>();
  let calls = 0;
  const { dapr, reset } = await start(
    (stream, headers) => {
      if (++calls > 1) succeed(stream, headers);
      else first.resolve();
    },
    { maxInFlight: 1 },
  );
  const lost = failure(dapr.getState(request));
  const waiting = [1, 2, 3].map(() => dapr.getState(request));
  await first.promise;
  reset();
  expect((await lost).code).toBe(Code.Unavailable);
  expect((await Promise.all(waiting)).map(({ etag }) => etag)).toEqual(['7', '7', '7']);
  expect(uncaught).toEqual([]);
});

test('continues when a connection is lost during its verification while a further call waits', async () => {
  let calls = 0;
  const { dapr, reset, arrivals } = await start(
    (stream, headers) => {
      if (++calls > 1) succeed(stream, headers);
    },
    { maxInFlight: 2 },
  );
  const lost = failure(dapr.getState(request));
  await once(arrivals, 'stream');
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  const verifying = dapr.getState(request);
  const waiting = dapr.getState(request);
  arrivals.once('ping', reset);
  await lost;
  now.mockRestore();
  expect((await verifying).etag).toBe('7');
  expect((await waiting).etag).toBe('7');
});

test('waits for the calls in flight when it closes', async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<() => void>();
  const { dapr, transport } = await start((stream, headers) => resolve(() => succeed(stream, headers)));
  const call = dapr.getState(request);
  const respond = await arrived;
  const closed = transport.close(5_000);
  respond();
  expect((await call).etag).toBe('7');
  await closed;
});

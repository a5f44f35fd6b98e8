import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';

const here = (path: string): string => new URL(path, import.meta.url).href;
const DEADLINE_MS = 20_000;

/** A service that answers GET /slow after SIGUSR2. */
const service = (options = '') => `
  import { createApp } from '${here('../http/index.ts')}';
  import { runService } from '${here('index.ts')}';
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  const go = Promise.withResolvers();
  app.get('/slow', async (c) => { console.log('slow: received'); await go.promise; return c.text('done'); });
  app.post('/upload', async (c) => c.text(await c.req.text()));
  process.on('SIGUSR2', go.resolve);
  runService({ app, host: '127.0.0.1', port: 0, ${options} });
`;

interface Running {
  /** Waits for an output line with this text. */
  line(text: string): Promise<string>;
  url(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code. */
  readonly exit: Promise<number>;
}

const running = new Set<() => void>();
afterEach(() => {
  for (const end of running) end();
  running.clear();
});

function run(source: string): Running {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(DEADLINE_MS) }).then(([code]) => code as number);
  async function line(text: string): Promise<string> {
    for (;;) {
      const found = lines.find((candidate) => candidate.includes(text));
      if (found) return found;
      await once(reader, 'line', { signal: AbortSignal.timeout(DEADLINE_MS) });
    }
  }
  return {
    line,
    exit,
    async url() {
      const { address } = JSON.parse(await line('"listening"'));
      return `http://127.0.0.1:${address.port}`;
    },
    kill: (signal) => child.kill(signal),
  };
}

test('on SIGTERM answers the requests in flight, accepts no more, stops and exits with 0', async () => {
  const one = run(service(`async stop() { console.log('stop hook'); }`));
  const url = await one.url();
  const slow = fetch(`${url}/slow`);
  await one.line('slow: received');
  one.kill('SIGTERM');
  await one.line('SIGTERM: stopping');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  one.kill('SIGUSR2');
  expect(await (await slow).text()).toBe('done');
  await one.line('stop hook');
  expect(await one.exit).toBe(0);
});

test('a stop waits for no connection without a complete request, and always runs the stop hook', async () => {
  const one = run(service(`drainWithinMs: 500, async stop() { console.log('stop hook'); }`));
  const { port } = new URL(await one.url());
  const silent = connect({ port: Number(port), host: '127.0.0.1' });
  const halfHeaders = connect({ port: Number(port), host: '127.0.0.1' });
  const halfBody = connect({ port: Number(port), host: '127.0.0.1' });
  const used = connect({ port: Number(port), host: '127.0.0.1' });
  halfHeaders.write('POST /upload HTTP/1.1\r\nhost: x\r\n');
  halfBody.write('POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  used.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(used, 'data');
  const hanging = fetch(`http://127.0.0.1:${port}/slow`).catch(() => 'cut off');
  await one.line('slow: received');
  const closed = [silent, halfHeaders, halfBody, used].map((socket) =>
    once(
      socket.on('error', () => {}),
      'close',
    ),
  );
  one.kill('SIGTERM');
  await one.line('stop hook');
  expect(await one.exit).toBe(0);
  await Promise.all(closed);
  expect(await hanging).toBe('cut off');
});

test('keeps an idle connection open for longer than load balancers reuse one', async () => {
  const response = await fetch(`${await run(service()).url()}/healthz`);
  expect(response.headers.get('keep-alive')).toBe('timeout=75');
});

test('listens on IPv4 and IPv6 with the host ::, which the chart sets', async () => {
  const one = run(service().replace("host: '127.0.0.1'", "host: '::'"));
  const { port } = new URL(await one.url());
  for (const host of ['127.0.0.1', '[::1]']) expect((await fetch(`http://${host}:${port}/healthz`)).status).toBe(200);
});

test('exits with 1 at once on a second signal', async () => {
  const one = run(service());
  const slow = fetch(`${await one.url()}/slow`).catch(() => 'cut off');
  await one.line('slow: received');
  one.kill('SIGTERM');
  await one.line('SIGTERM: stopping');
  one.kill('SIGTERM');
  expect(await one.exit).toBe(1);
  expect(await slow).toBe('cut off');
});

test.each([
  ['a start that fails', `start: () => Promise.reject(new Error('unsupported store'))`, 'unsupported store'],
  ['an unhandled rejection', `start: async () => { Promise.reject(new Error('forgotten')); }`, 'forgotten'],
  ['an uncaught exception', `start: async () => { setTimeout(() => { throw new Error('lost'); }); }`, 'lost'],
])('%s ends the process with exit code 1 and a fatal log entry', async (_, options, message) => {
  const one = run(service(options));
  expect(await one.line('"fatal"')).toContain(message);
  expect(await one.exit).toBe(1);
});

test('a start with a configuration that does not fit ends the process with exit code 2', async () => {
  const source = service(`start: () => Promise.reject(new ConfigurationError('another store'))`);
  const one = run(`import { ConfigurationError } from '${here('../config/index.ts')}'; ${source}`);
  expect(await one.line('"fatal"')).toContain('another store');
  expect(await one.exit).toBe(2);
});

test('exits when stopping takes too long', async () => {
  const one = run(service('stop: () => new Promise((resolve) => setTimeout(resolve, 60_000)), stopWithinMs: 300'));
  await one.url();
  one.kill('SIGTERM');
  expect(await one.line('"fatal"')).toContain('not stopped within 300 ms');
  expect(await one.exit).toBe(1);
});

test('exits with 1 when the port is in use', async () => {
  const one = run(service());
  const { port } = new URL(await one.url());
  const two = run(service().replace('port: 0', `port: ${port}`));
  expect(await two.line('"fatal"')).toContain('EADDRINUSE');
  expect(await two.exit).toBe(1);
});

test.each([
  ['a request that is not HTTP', 'NONSENSE\r\n\r\n', 400, 'malformed-request'],
  [
    'headers of 100,000 bytes',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
])('%s is answered with a problem', async (_, request, status, kind) => {
  const { port } = new URL(await run(service()).url());
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  socket.write(request);
  const answer = await text(socket);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain('application/problem+json');
  expect(answer).toContain(`urn:standing-order:problem:${kind}`);
});

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findPortBase } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { answers, type Child, startChild } from './child.ts';
import { connectRedis, type Redis } from './redis.ts';

/** A delivery to the plain application: the event, and the trace context of the sidecar's request. */
export interface Delivery {
  readonly event: Readonly<Record<string, unknown>>;
  readonly traceparent: string | undefined;
}

/** A minimal Dapr application: subscribes to one topic as Dapr's quickstarts do, and keeps its deliveries. */
export interface PlainApp {
  readonly port: number;
  /** All deliveries in order, including refused ones. */
  readonly received: Delivery[];
  /** The status of its responses to deliveries. */
  answer: number;
  start(): Promise<void>;
  /** Closes the port and resets the connections: for the sidecar the same as a kill -9. */
  kill(): Promise<void>;
}

/** A plain Dapr application with a real sidecar, its broker and a state store with the built-in outbox. */
export interface PlainFixture {
  readonly app: PlainApp;
  readonly broker: Redis;
  readonly state: Redis;
  /** URL of the sidecar's HTTP API. */
  readonly dapr: string;
  killBroker(): Promise<void>;
  close(): Promise<void>;
}

export const TOPIC = 'orders';

function plainApp(port: number): PlainApp {
  let server: Server | undefined;
  const app: PlainApp = {
    port,
    received: [],
    answer: 200,
    async start() {
      server = createServer(async (request, response) => {
        if (request.url === '/dapr/subscribe') {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify([{ pubsubname: 'messages', topic: TOPIC, route: '/orders' }]));
          return;
        }
        if (request.url === '/orders') {
          const { traceparent } = request.headers;
          app.received.push({ event: JSON.parse(await text(request)), traceparent: traceparent?.toString() });
          response.statusCode = app.answer;
        }
        response.end();
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async kill() {
      if (server === undefined) return;
      const closing = server;
      server = undefined;
      closing.close();
      closing.closeAllConnections();
      await once(closing, 'close');
    },
  };
  return app;
}

async function startRedis(
  dir: string,
  name: string,
  port: number,
  ends: (() => unknown)[],
): Promise<{ child: Child; client: Redis }> {
  const data = join(dir, name);
  mkdirSync(data);
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data, '--save', '', '--appendonly', 'yes'];
  const child = startChild(await resolveTool('redis-server'), args, join(dir, `${name}.log`), process.env);
  ends.push(() => child.stop());
  const client = await connectRedis(`redis://127.0.0.1:${port}`);
  ends.push(() => client.destroy());
  return { child, client };
}

function component(name: string, type: string, metadata: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metadata).map(([key, value]) => `    - { name: ${key}, value: "${value}" }`);
  return [
    'apiVersion: dapr.io/v1alpha1',
    'kind: Component',
    `metadata: { name: ${name} }`,
    `spec:\n  type: ${type}\n  version: v1\n  metadata:`,
    ...entries,
  ].join('\n');
}

function writeResources(dir: string, statePort: number, brokerPort: number): void {
  const state = { redisHost: `127.0.0.1:${statePort}` };
  const outbox = { outboxPublishPubsub: 'messages', outboxPublishTopic: TOPIC };
  const resources = join(dir, 'resources');
  mkdirSync(resources);
  writeFileSync(
    join(resources, 'components.yaml'),
    [
      component('messages', 'pubsub.redis', { redisHost: `127.0.0.1:${brokerPort}` }),
      component('with-outbox', 'state.redis', { ...state, ...outbox }),
      component('without-outbox', 'state.redis', state),
    ].join('\n---\n'),
  );
  writeFileSync(
    join(dir, 'config.yaml'),
    [
      'apiVersion: dapr.io/v1alpha1',
      'kind: Configuration',
      'metadata: { name: plain }',
      'spec:',
      '  tracing: { samplingRate: "1" }',
      `  nameResolution: { component: sqlite, version: v1, configuration: { connectionString: "${dir}/names.db" } }`,
    ].join('\n'),
  );
}

/** Starts a sidecar on the ports after the application's port. */
async function startSidecar(dir: string, appPort: number, ends: (() => unknown)[]): Promise<string> {
  const http = appPort + 1;
  const flags = {
    'app-id': 'plain',
    'app-port': appPort,
    'dapr-http-port': http,
    'dapr-grpc-port': appPort + 2,
    'dapr-internal-grpc-port': appPort + 3,
    'dapr-listen-addresses': '127.0.0.1',
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'enable-metrics': false,
    'resources-path': join(dir, 'resources'),
    config: join(dir, 'config.yaml'),
    'placement-host-address': '',
    'scheduler-host-address': '',
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const env = { ...process.env, DAPR_HOST_IP: '127.0.0.1' };
  const child = startChild(await resolveTool('daprd'), args, join(dir, 'daprd.log'), env);
  ends.push(() => child.stop());
  const url = `http://127.0.0.1:${http}`;
  await answers(`${url}/v1.0/healthz`, child);
  return url;
}

/** Starts all of it on free ports, with its files in a directory of its own; `close` and a failed start remove everything. */
export async function startPlainFixture(): Promise<PlainFixture> {
  const dir = mkdtempSync(join(tmpdir(), 'plain-dapr-'));
  const ends: (() => unknown)[] = [() => rmSync(dir, { recursive: true })];
  const close = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await start(dir, ends)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(dir: string, ends: (() => unknown)[]): Promise<Omit<PlainFixture, 'close'>> {
  const ports = await findPortBase();
  const [statePort, brokerPort] = [ports + 10, ports + 11];
  const state = await startRedis(dir, 'state', statePort, ends);
  const broker = await startRedis(dir, 'broker', brokerPort, ends);
  writeResources(dir, statePort, brokerPort);
  const app = plainApp(ports);
  await app.start();
  ends.push(() => app.kill());
  const dapr = await startSidecar(dir, app.port, ends);
  return { app, broker: broker.client, state: state.client, dapr, killBroker: () => broker.child.kill() };
}

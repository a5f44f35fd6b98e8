/**
 * Runs the shop beside the platform that `npm start` has started, with a sidecar of its own, and buys one thing.
 *
 *   npm run shop [DATA-DIR]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { resolveTool } from '@standing-order/tools';
import { givenPath } from '@standing-order/tools/flags';

const HOST = '127.0.0.1';
const APP_PORT = 4500;
const DAPR_PORT = 4501;
const READY_WITHIN_MS = 60_000;
const OUTCOME_WITHIN_MS = 600_000;
const ASK_AGAIN_MS = 60_000;

const root = resolve(import.meta.dirname, '../../..');
const platform = process.argv[2] === undefined ? join(root, '.standing-order', 'local') : givenPath(process.argv[2]);
const dapr = join(platform, 'dapr');
const shop = `http://${HOST}:${APP_PORT}`;
const children: ChildProcess[] = [];

if (existsSync(join(dapr, 'resources'))) await main();
else {
  console.error(`There is no platform in ${platform}. Start one first, in another terminal: npm start`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    run(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      PORT: String(APP_PORT),
      DAPR_HTTP_PORT: String(DAPR_PORT),
      LOG_LEVEL: 'warn',
      OTEL_SERVICE_NAME: 'shop',
    });
    run(await resolveTool('daprd'), sidecarFlags(), { DAPR_HOST_IP: HOST });
    await ready();
    const order = {
      consumerId: 'demo-consumer',
      restaurantId: 'demo-restaurant',
      lines: [{ itemId: 'margherita', quantity: 2 }],
    };
    const id = `purchase-${Date.now()}`;
    console.log(`Placing ${id}; its outcome comes on order-outcomes-shop ...`);
    const answer = await outcomeOf({ id, order });
    console.log(JSON.stringify(await answer.json(), null, 2));
    console.log(
      `Ask again, also after a restart: curl ${shop}/purchases/${id}\nCtrl-C stops the shop and its sidecar.`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
    stop();
  }
}

/** Asks again and again, as the same id is the same purchase: fetch itself gives up an answer after five minutes. */
async function outcomeOf(purchase: object): Promise<Response> {
  const deadline = Date.now() + OUTCOME_WITHIN_MS;
  for (;;) {
    const signal = AbortSignal.timeout(ASK_AGAIN_MS);
    try {
      const headers = { 'content-type': 'application/json' };
      return await fetch(`${shop}/purchases`, { method: 'POST', headers, body: JSON.stringify(purchase), signal });
    } catch (error) {
      if (!signal.aborted || Date.now() > deadline) throw error;
      console.log('It is not decided yet ...');
    }
  }
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  child.once('exit', stop);
  children.push(child);
}

function stop(): void {
  for (const child of children) child.kill('SIGTERM');
}

function sidecarFlags(): string[] {
  const flags = {
    'app-id': 'shop',
    'app-port': APP_PORT,
    'dapr-http-port': DAPR_PORT,
    'dapr-grpc-port': DAPR_PORT + 1,
    'dapr-internal-grpc-port': DAPR_PORT + 2,
    'dapr-listen-addresses': HOST,
    'dapr-internal-grpc-listen-address': HOST,
    'enable-metrics': false,
    config: join(dapr, 'configuration.yaml'),
    'placement-host-address': '',
    'scheduler-host-address': '',
    'log-level': 'warn',
  };
  const resources = [join(dapr, 'resources'), join(import.meta.dirname, 'dapr')];
  return [
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ...resources.map((path) => `--resources-path=${path}`),
  ];
}

async function ready(): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const urls = [`${shop}/readyz`, `http://${HOST}:${DAPR_PORT}/v1.0/healthz`];
    const answers = await Promise.all(
      urls.map((url) => fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)),
    );
    if (answers.every((answer) => answer?.ok)) return;
    if (Date.now() > deadline) throw new Error('the shop or its sidecar is not ready; see what they say above');
    await pause(200);
  }
}

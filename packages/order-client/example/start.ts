/** `npm run shop`: runs the shop with a sidecar of its own beside a running platform, and places one order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_DATA_DIR, daprFiles, requirePlatform } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { createCommand, givenPath, runCommand } from '@standing-order/tools/cli';
import { stopOnSignal } from '../../../deploy/tools/src/bootstrap/interrupt.mjs';
import { placeOrder } from './place-order.ts';

const HOST = '127.0.0.1';
const APP_PORT = 4500;
const DAPR_PORT = 4501;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 200;

const SHOP_URL = `http://${HOST}:${APP_PORT}`;
const CONTINUATION = `The shop has stored the request, and continues it when it runs again.
Run it with \`npm run shop\`, and read the outcome`;
const ORDER = {
  consumerId: 'demo-consumer',
  restaurantId: 'demo-restaurant',
  lines: [{ itemId: 'margherita', quantity: 2 }],
};

interface Options {
  readonly dataDir: string;
  readonly resourcesPath?: string;
  readonly config?: string;
}

const children: ChildProcess[] = [];
/** Aborted when the shop or its sidecar has ended. */
const ended = new AbortController();

const command = createCommand('shop', 'Place an order by message, with a client and a sidecar of its own.')
  .option('--data-dir <dir>', 'data directory of the platform that npm start runs', givenPath, DEFAULT_DATA_DIR)
  .option('--resources-path <dir>', 'Dapr components to use instead of those of the platform', givenPath)
  .option('--config <file>', 'Dapr configuration to use instead of that of the platform', givenPath)
  .action(main);
await runCommand(command);

async function main({ dataDir, resourcesPath, config }: Options): Promise<void> {
  const platform = daprFiles(dataDir);
  const resources = resourcesPath ?? platform.resources;
  // Components of the caller's own may be those of a platform that this machine does not run.
  if (resourcesPath === undefined) await requirePlatform(dataDir);
  const stop = stopOnSignal();
  const signal = AbortSignal.any([stop, ended.signal]);
  const id = `purchase-${Date.now()}`;
  const read = `curl ${SHOP_URL}/purchases/${id}`;
  let isPending = false;
  try {
    run(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      PORT: String(APP_PORT),
      DAPR_GRPC_PORT: String(DAPR_PORT + 1),
      DAPR_HTTP_PORT: String(DAPR_PORT),
      LOG_LEVEL: 'warn',
      OTEL_SERVICE_NAME: 'shop',
    });
    const flags = sidecarFlags([resources, join(import.meta.dirname, 'dapr')], config ?? platform.configuration);
    run(await resolveTool('daprd'), flags, { DAPR_HOST_IP: HOST });
    await waitUntilReady(signal);
    console.log(`Placing ${id}; its outcome arrives on order-outcomes-shop ...`);
    isPending = true;
    const onPending = () => console.log('The order is not decided yet ...');
    const outcome = await placeOrder(SHOP_URL, { id, order: ORDER }, { signal, onPending });
    isPending = false;
    console.log(JSON.stringify(outcome, null, 2));
    console.log(`Read it again, also after a restart: ${read}\nCtrl-C stops the shop and its sidecar.`);
    if (!signal.aborted) await once(signal, 'abort');
    signal.throwIfAborted();
  } catch (error) {
    if (!stop.aborted) throw error;
    if (isPending) console.log(`\n${id} has no outcome yet.\n${CONTINUATION}: ${read}`);
  } finally {
    for (const child of children) child.kill('SIGTERM');
  }
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  // Detached: a terminal sends Ctrl-C to its whole process group, and with SIGTERM a child would get two signals and end at once.
  const child = spawn(file, args, { stdio: 'inherit', detached: true, env: { ...process.env, ...env } });
  child.once('exit', () => ended.abort(new Error('the shop or its sidecar has ended; see their output above')));
  children.push(child);
}

function sidecarFlags(resourcesPaths: readonly string[], config: string): string[] {
  const flags = {
    'app-id': 'shop',
    'app-port': APP_PORT,
    'dapr-http-port': DAPR_PORT,
    'dapr-grpc-port': DAPR_PORT + 1,
    'dapr-internal-grpc-port': DAPR_PORT + 2,
    'dapr-listen-addresses': HOST,
    'dapr-internal-grpc-listen-address': HOST,
    'enable-metrics': false,
    config,
    'placement-host-address': '',
    'scheduler-host-address': '',
    'log-level': 'warn',
  };
  return [
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ...resourcesPaths.map((path) => `--resources-path=${path}`),
  ];
}

async function waitUntilReady(signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const urls = [`${SHOP_URL}/readyz`, `http://${HOST}:${DAPR_PORT}/v1.0/healthz`];
    const responses = await Promise.all(
      urls.map((url) => fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)),
    );
    if (responses.every((response) => response?.ok)) return;
    if (Date.now() > deadline) throw new Error('the shop or its sidecar is not ready; see their output above');
    await sleep(POLL_MS, undefined, { signal });
  }
}

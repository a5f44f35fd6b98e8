import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findPortBase, type Platform, type Resource } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { afterAll, beforeAll } from 'vitest';
import { parse } from 'yaml';
import { answers, type Child, startChild } from './child.ts';
import type { PlatformFixture } from './platform-fixture.ts';

const APP_ID = 'shop';
const example = resolve(import.meta.dirname, '../../packages/order-client/example');
const main = join(example, 'main.ts');

/** The example of the client package, with a sidecar on the platform's broker and state store. */
export interface Shop {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** The subscription of the example to its reply channel; to be added to the platform's resources. */
export const shopSubscription: Resource = parse(readFileSync(join(example, 'dapr/subscription.yaml'), 'utf8'));

/** Runs the shop beside the platform of this file. */
export function useShop(fixture: () => PlatformFixture): () => Shop {
  let shop: Shop | undefined;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    shop = await startShop(fixture().platform, ends);
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return () => {
    if (shop === undefined) throw new Error('the shop did not start');
    return shop;
  };
}

async function startShop({ dataDir, secrets }: Platform, ends: (() => Promise<void>)[]): Promise<Shop> {
  const port = await findPortBase();
  const http = port + 1;
  const url = `http://127.0.0.1:${port}`;
  let child: Child | undefined;

  async function start(): Promise<void> {
    child = startChild(process.execPath, [main], join(dataDir, 'logs', 'shop.log'), {
      ...process.env,
      PORT: String(port),
      DAPR_HTTP_PORT: String(http),
      DAPR_API_TOKEN: secrets.daprApiToken,
      APP_API_TOKEN: secrets.appApiToken,
      OTEL_SERVICE_NAME: APP_ID,
    });
    await answers(`${url}/healthz`, child);
  }

  ends.push(async () => child?.stop());
  await start();
  const sidecar = await startSidecar(dataDir, secrets, port);
  ends.push(() => sidecar.stop());
  await answers(`http://127.0.0.1:${http}/v1.0/healthz`, sidecar);
  await answers(`${url}/readyz`, sidecar);
  return { url, start, kill: async () => child?.kill(), pause: () => child?.pause(), resume: () => child?.resume() };
}

/** Starts a sidecar on the ports after the application's port. */
async function startSidecar(dataDir: string, secrets: Platform['secrets'], app: number): Promise<Child> {
  const flags = {
    'app-id': APP_ID,
    'app-port': app,
    'dapr-http-port': app + 1,
    'dapr-grpc-port': app + 2,
    'dapr-internal-grpc-port': app + 3,
    'dapr-listen-addresses': '127.0.0.1',
    'dapr-internal-grpc-listen-address': '127.0.0.1',
    'enable-metrics': false,
    'resources-path': join(dataDir, 'dapr', 'resources'),
    config: join(dataDir, 'dapr', 'configuration.yaml'),
    'placement-host-address': '',
    'scheduler-host-address': '',
    'disable-init-endpoints': 'config,subscribe',
    'log-level': 'warn',
  };
  const env = {
    ...process.env,
    DAPR_HOST_IP: '127.0.0.1',
    DAPR_API_TOKEN: secrets.daprApiToken,
    APP_API_TOKEN: secrets.appApiToken,
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return startChild(await resolveTool('daprd'), args, join(dataDir, 'logs', 'shop-dapr.log'), env);
}

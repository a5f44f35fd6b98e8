import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findPortBase, type Platform, type Resource } from '@standing-order/local';
import { afterAll, beforeAll } from 'vitest';
import { parse } from 'yaml';
import { answers, type Child, startChild } from './child.ts';
import type { PlatformFixture } from './platform-fixture.ts';
import { sidecarReady, startSidecar } from './sidecar.ts';

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

async function startShop(platform: Platform, ends: (() => Promise<void>)[]): Promise<Shop> {
  const { dataDir, secrets } = platform;
  const port = await findPortBase();
  const http = port + 1;
  const url = `http://127.0.0.1:${port}`;
  let child: Child | undefined;

  async function start(): Promise<void> {
    child = startChild(process.execPath, [main], join(dataDir, 'logs', 'shop.log'), {
      ...process.env,
      PORT: String(port),
      DAPR_GRPC_PORT: String(http + 1),
      DAPR_HTTP_PORT: String(http),
      DAPR_API_TOKEN: secrets.daprApiToken,
      APP_API_TOKEN: secrets.appApiToken,
      OTEL_SERVICE_NAME: APP_ID,
    });
    await answers(`${url}/healthz`, child);
  }

  ends.push(async () => child?.stop());
  await start();
  const sidecar = await startSidecar(platform, {
    ...{ appId: APP_ID, app: port, ports: http },
    env: { DAPR_API_TOKEN: secrets.daprApiToken, APP_API_TOKEN: secrets.appApiToken },
  });
  ends.push(() => sidecar.child.stop());
  await sidecarReady(sidecar);
  await answers(`${url}/readyz`, sidecar.child);
  return { url, start, kill: async () => child?.kill(), pause: () => child?.pause(), resume: () => child?.resume() };
}

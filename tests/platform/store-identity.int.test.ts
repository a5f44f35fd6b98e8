import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { findPortBase } from '@standing-order/local';
import { expect, test } from 'vitest';
import { usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';

const OWNER = 'shop/so';
const fixture = usePlatform(() => ({ replicas: { order: 1 }, env: { order: { STATE_STORE_OWNER: OWNER } } }));

/** Starts one more order service at the sidecar of the first one, and waits for its end. */
async function startOrderService(env: Readonly<Record<string, string>>) {
  const { sidecarPorts, secrets } = fixture().platform;
  const { status, stdout } = spawnSync(process.execPath, [join('services', 'order', 'src', 'main.ts')], {
    cwd: resolve(import.meta.dirname, '../..'),
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      PORT: String(await findPortBase()),
      DAPR_GRPC_PORT: String(sidecarPorts.order[0]?.grpcPort),
      DAPR_HTTP_PORT: String(sidecarPorts.order[0]?.httpPort),
      DAPR_API_TOKEN: secrets.daprApiToken,
      APP_API_TOKEN: secrets.appApiToken,
      ORDER_TOKEN_KEYS: Buffer.alloc(32).toString('base64'),
      ...env,
    },
  });
  return { status, fatal: stdout.split('\n').find((line) => line.includes('"fatal"')) };
}

test('the order service does not start with the store of another installation', async () => {
  await fixture().place(1);
  const { status, fatal } = await startOrderService({ STATE_STORE_OWNER: 'shop/other' });
  expect([status, fatal]).toEqual([2, expect.stringContaining(`set STATE_STORE_OWNER=${OWNER}`)]);
});

test('the order service does not start with an empty store in place of that with its orders', async () => {
  const { platform, state } = fixture();
  await platform.kill('order-1');
  const database = await connectRedis(platform.stores.state);
  await database.flushAll();
  database.destroy();
  const env = { STATE_STORE_OWNER: OWNER, STATE_STORE_MAY_BE_EMPTY: 'off' };
  const { status, fatal } = await startOrderService(env);
  expect([status, fatal]).toEqual([2, expect.stringContaining('the state store is empty')]);
  expect((await state.keys()).filter((key) => key.startsWith('order||'))).toEqual([]);
});

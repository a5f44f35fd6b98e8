import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { poll } from '@standing-order/testing/poll';
import { expect, onTestFinished, test } from 'vitest';
import { call, post } from '../support/client.ts';
import { CONSUMER, GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1 } }));

/** A connection on which a client sends this text, and then nothing. */
function hold(url: string, text: string): Promise<unknown> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(text)).on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  return new Promise((closed) => socket.resume().once('close', closed));
}

test('the order service stops in order beside open streams, waits, and connections without a complete request', async () => {
  const { platform } = fixture();
  const url = platform.urls.order[0] as string;
  const store = await connectRedis(platform.stores.state);
  onTestFinished(() => store.destroy());
  const writers = async () => {
    const keys = (await fixture().state.keys()).filter((key) => key.includes('||w:'));
    return Promise.all(keys.map(async (key) => JSON.parse((await store.hGet(key, 'data')) ?? 'null')));
  };
  expect(await writers()).toMatchObject([{ left: false }]);
  // Its orders stay PENDING, so that waits and streams would last.
  await platform.kill('consumer-1');
  const [placed] = await fixture().place(1);
  const id = placed?.body.id;

  const held = [
    hold(url, ''),
    hold(url, 'POST /orders HTTP/1.1\r\nhost: order\r\n'),
    hold(url, 'POST /orders HTTP/1.1\r\nhost: order\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'),
  ];
  const streams = await Promise.all(
    [`/orders/${id}/events`, `/consumers/${CONSUMER}/orders/events`].map((path) => fetch(`${url}${path}`)),
  );
  const waits = [
    post(`${url}/orders`, GOOD_ORDER, { prefer: 'wait=60' }),
    call('GET', `${url}/orders/${id}`, undefined, { prefer: 'wait=60' }),
  ];
  await poll(
    'both orders are stored',
    () => fixture().state.orders(),
    ({ size }) => size === 2,
  );

  await platform.stop('order-1');

  // A stream that is cut off rejects; these have ended.
  for (const stream of streams) expect(await stream.text()).toContain('event: order');
  const [wait, read] = await Promise.all(waits);
  expect([wait?.status, wait?.body.status]).toEqual([202, 'PENDING']);
  expect([read?.status, read?.body.status]).toEqual([200, 'PENDING']);
  await Promise.all(held);
  expect(platform.processes().find(({ name }) => name === 'order-1')).toMatchObject({ state: 'stopped' });
  const log = await readFile(join(platform.dataDir, 'logs', 'order-1.log'), 'utf8');
  expect(log).toContain('"stopped"');
  expect(log).not.toContain('not stopped within');
  // So another replica continues its orders at once.
  expect(await writers()).toMatchObject([{ left: true }]);

  await platform.start('consumer-1');
  await platform.start('order-1');
  await fixture().allDecided();
});

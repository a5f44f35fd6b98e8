import type { StoreKind } from '@standing-order/local';
import { waitUntil } from '@standing-order/testing/wait-until';
import { expect, test } from 'vitest';
import { concurrently, post } from '../support/client.ts';
import { answersOk, GOOD_ORDER, useWorld } from '../support/world.ts';

const OUTAGE_MS = 10_000;
const LANES = 64;
/** The probe time, with its jitter: the shortest time between two probes of one lane. */
const SHORTEST_PROBE_MS = 8_000;

const all = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** What the core does when parts of it are down or die, with state in one store. */
export function surviveOutages(store: StoreKind): void {
  const world = useWorld(() => ({ store }));

  const commandsSent = async () => {
    const stream = await world().broker.xInfoStream('consumer-commands');
    return Number(stream['entries-added']);
  };

  /** Orders that stay PENDING, because the consumer service is killed first. */
  async function placePending(count: number, replicas?: readonly number[]): Promise<void> {
    await world().platform.kill('consumer-1');
    const answers = await world().place(count, replicas === undefined ? {} : { replicas });
    expect(answers.map(({ status }) => status)).toEqual(all(count, 202));
  }

  test('50 identical POSTs with one key at two replicas are one order with one answer', async () => {
    const before = (await world().state.orders()).size;
    const headers = { 'idempotency-key': `same-${store}` };
    const answers = await concurrently(50, 50, (index) =>
      post(`${world().platform.urls.order[index % 2]}/orders`, GOOD_ORDER, headers),
    );

    expect(answers.map(({ status }) => status)).toEqual(all(50, 202));
    expect(answers.map(({ body }) => JSON.stringify(body))).toEqual(all(50, JSON.stringify(answers[0]?.body)));
    expect(answers.map(({ headers: { location } }) => location)).toEqual(all(50, `/orders/${answers[0]?.body.id}`));
    expect((await world().state.orders()).size).toBe(before + 1);

    const other = { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 3 }] };
    for (const url of world().platform.urls.order) {
      const refused = await post(`${url}/orders`, other, headers);
      expect(refused).toMatchObject({ status: 422, body: { type: expect.stringContaining('idempotency-key-reused') } });
    }
    expect((await world().state.orders()).size).toBe(before + 1);
    await world().allDecided();
  });

  test('500 orders while the consumer service is dead for 10 s are taken, decided, and cause no storm', async () => {
    const sentBefore = await commandsSent();
    const downSince = performance.now();
    await placePending(500);
    const outage = await waitUntil(
      '10 s of outage',
      () => performance.now() - downSince,
      (ms) => ms >= OUTAGE_MS,
    );
    const sentWhileDown = (await commandsSent()) - sentBefore;
    expect((await world().verdict()).undecided).toHaveLength(500);

    await world().platform.start('consumer-1');
    const { statuses } = await world().allDecided(120_000);
    expect(Object.keys(statuses)).toEqual(['VALIDATED']);

    const writers = world().platform.urls.order.length;
    const probes = (ms: number) => LANES * writers * Math.floor(ms / SHORTEST_PROBE_MS);
    expect(sentWhileDown).toBeLessThanOrEqual(500 + probes(outage));
    // What was handed to the dead application is sent once more.
    const total = (await commandsSent()) - sentBefore;
    expect(total).toBeLessThanOrEqual(2 * 500 + probes(performance.now() - downSince));
  });

  test('orders that come in while the broker is dead are decided when it is back', async () => {
    await world().platform.kill('redis-broker');
    const answers = await world().place(100);
    expect(answers.map(({ status }) => status)).toEqual(all(100, 202));
    await world().platform.start('redis-broker');
    await world().allDecided();
  });

  test('a broker that forgets everything while orders wait loses none of them', async () => {
    // The sidecar would keep what it has fetched, and deliver it after all.
    await world().platform.kill('consumer-1-dapr');
    const sentBefore = await commandsSent();
    await placePending(100);
    await waitUntil(
      'the commands at the broker',
      async () => (await commandsSent()) - sentBefore,
      (sent) => sent >= 100,
    );
    await world().broker.flushAll();
    await world().platform.start('consumer-1-dapr');
    await world().platform.start('consumer-1');
    await world().allDecided(120_000);
  });

  test('a replica killed between commit and publish is carried on by the other one', async () => {
    const sentBefore = await commandsSent();
    await world().platform.kill('redis-broker');
    const answers = await world().place(40, { replicas: [0] });
    expect(answers.map(({ status }) => status)).toEqual(all(40, 202));
    await world().platform.kill('order-1');
    // Its sidecar may still have a publish under way.
    await world().platform.kill('order-1-dapr');

    await world().platform.start('redis-broker');
    expect(await commandsSent()).toBeLessThanOrEqual(sentBefore);
    await world().allDecided(120_000);

    await world().platform.start('order-1-dapr');
    await world().platform.start('order-1');
    await answersOk(`${world().platform.urls.order[0]}/readyz`);
    await world().place(10, { replicas: [0] });
    await world().allDecided();
  });

  test('orders that come in while sidecars are dead are decided when they are back', async () => {
    const sidecars = ['order-1-dapr', 'consumer-1-dapr', 'restaurant-1-dapr'];
    for (const part of sidecars) await world().platform.kill(part);
    const answers = await world().place(40, { replicas: [1] });
    expect(answers.map(({ status }) => status)).toEqual(all(40, 202));
    for (const part of sidecars) await world().platform.start(part);
    await world().allDecided(120_000);
  });

  test('everything killed at once in the middle of work loses nothing', async () => {
    const { platform } = world();
    const before = world().acknowledged.size;
    const placing = Promise.allSettled(Array.from({ length: 100 }, () => world().place(5)));
    await waitUntil(
      'some orders taken',
      () => world().acknowledged.size - before,
      (taken) => taken >= 50,
    );
    await Promise.all(platform.parts().map(({ name }) => platform.kill(name)));
    await placing;

    const startAll = (parts: readonly { readonly name: string }[]) =>
      Promise.all(parts.map(({ name }) => platform.start(name)));
    await startAll(platform.parts().filter(({ kind }) => kind === 'store'));
    await startAll(platform.parts().filter(({ kind }) => kind !== 'store'));
    await world().allDecided(120_000);
  });
}

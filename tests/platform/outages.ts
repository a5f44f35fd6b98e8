import type { BrokerKind, StoreKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { concurrently, getMetrics, post, sumOf } from '../support/client.ts';
import { answersOk, GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';

const OUTAGE_MS = 10_000;
const LANES = 64;
/** The probe time, with its jitter: the shortest time between two probes of one lane. */
const SHORTEST_PROBE_MS = 8_000;

const all = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** Asserts the outbox's promises while processes are down or killed, with one state store and one broker. */
export function testOutages(store: StoreKind, broker: BrokerKind = 'redis'): void {
  const fixture = usePlatform(() => ({ store, broker }));
  const brokerProcess = broker === 'kafka' ? 'kafka' : 'redis-broker';

  /** Commands to the consumer service, by both replicas since they started. One message carries many. */
  async function commandsSent(): Promise<number> {
    const metrics = await Promise.all(fixture().platform.urls.order.map((url) => getMetrics(url)));
    return metrics.reduce((sum, text) => sum + sumOf(text, 'orders_commands_sent_total', { channel: 'consumer' }), 0);
  }

  /** Orders that stay PENDING, because the consumer service is killed first. */
  async function placePending(count: number, replicas?: readonly number[]): Promise<void> {
    await fixture().platform.kill('consumer-1');
    const answers = await fixture().place(count, replicas === undefined ? {} : { replicas });
    expect(answers.map(({ status }) => status)).toEqual(all(count, 202));
  }

  test('50 identical POSTs with one key at two replicas create one order with one response', async () => {
    const before = (await fixture().state.orders()).size;
    const headers = { 'idempotency-key': `same-${store}` };
    const answers = await concurrently(50, 50, (index) =>
      post(`${fixture().platform.urls.order[index % 2]}/orders`, GOOD_ORDER, headers),
    );

    expect(answers.map(({ status }) => status)).toEqual(all(50, 202));
    expect(answers.map(({ body }) => JSON.stringify(body))).toEqual(all(50, JSON.stringify(answers[0]?.body)));
    expect(answers.map(({ headers: { location } }) => location)).toEqual(all(50, `/orders/${answers[0]?.body.id}`));
    expect((await fixture().state.orders()).size).toBe(before + 1);

    const other = { ...GOOD_ORDER, lines: [{ itemId: 'margherita', quantity: 3 }] };
    for (const url of fixture().platform.urls.order) {
      const refused = await post(`${url}/orders`, other, headers);
      expect(refused).toMatchObject({ status: 422, body: { type: expect.stringContaining('idempotency-key-reused') } });
    }
    expect((await fixture().state.orders()).size).toBe(before + 1);
    await fixture().allDecided();
  });

  test('500 orders during a 10 s outage of the consumer service are acknowledged and decided without a retry storm', async () => {
    const sentBefore = await commandsSent();
    const downSince = performance.now();
    await placePending(500);
    const outage = await poll(
      '10 s of outage',
      () => performance.now() - downSince,
      (ms) => ms >= OUTAGE_MS,
    );
    const sentWhileDown = (await commandsSent()) - sentBefore;
    expect((await fixture().compare()).undecided).toHaveLength(500);

    await fixture().platform.start('consumer-1');
    const { statuses } = await fixture().allDecided(120_000);
    expect(Object.keys(statuses)).toEqual(['VALIDATED']);

    const writers = fixture().platform.urls.order.length;
    const probes = (ms: number) => LANES * writers * Math.floor(ms / SHORTEST_PROBE_MS);
    expect(sentWhileDown).toBeLessThanOrEqual(500 + probes(outage));
    // Commands that were delivered to the dead application are sent once more.
    const total = (await commandsSent()) - sentBefore;
    expect(total).toBeLessThanOrEqual(2 * 500 + probes(performance.now() - downSince));
  });

  test('orders that are placed while the broker is down are decided after its restart', async () => {
    await fixture().platform.kill(brokerProcess);
    const answers = await fixture().place(100);
    expect(answers.map(({ status }) => status)).toEqual(all(100, 202));
    await fixture().platform.start(brokerProcess);
    await fixture().allDecided(120_000);
  });

  // Kafka has no command that deletes the messages of all topics.
  if (broker === 'redis') {
    test('no order is lost when the broker loses all messages while orders wait', async () => {
      // The sidecar would deliver the messages that it has already fetched.
      await fixture().platform.kill('consumer-1-dapr');
      const sentBefore = await commandsSent();
      await placePending(100);
      await poll(
        'the commands in the broker',
        async () => (await commandsSent()) - sentBefore,
        (sent) => sent >= 100,
      );
      await fixture().broker.flushAll();
      await fixture().platform.start('consumer-1-dapr');
      await fixture().platform.start('consumer-1');
      await fixture().allDecided(120_000);
    });
  }

  test('another replica sends the commands of a replica that was killed between commit and publish', async () => {
    const sentBefore = await commandsSent();
    await fixture().platform.kill(brokerProcess);
    const answers = await fixture().place(40, { replicas: [0] });
    expect(answers.map(({ status }) => status)).toEqual(all(40, 202));
    expect(await commandsSent()).toBe(sentBefore);
    await fixture().platform.kill('order-1');
    // Its sidecar may still be publishing.
    await fixture().platform.kill('order-1-dapr');

    await fixture().platform.start(brokerProcess);
    await fixture().allDecided(120_000);

    await fixture().platform.start('order-1-dapr');
    await fixture().platform.start('order-1');
    await answersOk(`${fixture().platform.urls.order[0]}/readyz`);
    await fixture().place(10, { replicas: [0] });
    await fixture().allDecided();
  });

  test('orders that are placed while sidecars are down are decided after their restart', async () => {
    const sidecars = ['order-1-dapr', 'consumer-1-dapr', 'restaurant-1-dapr'];
    for (const name of sidecars) await fixture().platform.kill(name);
    const answers = await fixture().place(40, { replicas: [1] });
    expect(answers.map(({ status }) => status)).toEqual(all(40, 202));
    for (const name of sidecars) await fixture().platform.start(name);
    await fixture().allDecided(120_000);
  });

  test('no order is lost when everything is killed at once under load', async () => {
    const { platform } = fixture();
    const before = fixture().acknowledged.size;
    const placing = Promise.allSettled(Array.from({ length: 100 }, () => fixture().place(5)));
    await poll(
      'some orders taken',
      () => fixture().acknowledged.size - before,
      (taken) => taken >= 50,
    );
    await Promise.all(platform.processes().map(({ name }) => platform.kill(name)));
    await placing;

    const startAll = (processes: readonly { readonly name: string }[]) =>
      Promise.all(processes.map(({ name }) => platform.start(name)));
    await startAll(platform.processes().filter(({ kind }) => kind === 'store'));
    await startAll(platform.processes().filter(({ kind }) => kind !== 'store'));
    await fixture().allDecided(120_000);
  });
}

import { poll } from '@standing-order/testing/poll';
import { describe, expect, test } from 'vitest';
import { getMetrics, type HttpResponse, post } from '../support/client.ts';
import { CONSUMER, GOOD_ORDER, type PlatformFixture } from '../support/platform-fixture.ts';
import { startReceiver } from '../support/receiver.ts';
import { BAD_ORDER } from '../support/scenario-driver.ts';
import type { Shop } from '../support/shop.ts';
import { ARRIVE_WITHIN_MS, arrive, type Webhooks } from '../support/webhooks.ts';

/** Processes of a platform that are killed at the same moment, with a title. */
export type Victims = readonly [title: string, processes: readonly string[]];

/** Asserts on one platform that every decided order reaches every subscribed webhook, while each of these is killed. */
export function everyDecidedOrderArrives(
  fixture: () => PlatformFixture,
  shop: () => Shop,
  webhooks: () => Webhooks,
  victims: readonly Victims[],
): void {
  /** Resolves when the notification service has acknowledged every decided order. */
  const allAcknowledged = () =>
    poll(
      'every decided order is acknowledged',
      async () => {
        const texts = await Promise.all(fixture().platform.urls.order.map((url) => getMetrics(url)));
        return texts.map((text) => Number(/^outbox_in_flight(?:\{.*\})? (\d+)/m.exec(text)?.[1]));
      },
      (inFlight) => inFlight.every((count) => count === 0),
      ARRIVE_WITHIN_MS,
    );

  test('decided orders of each style reach every subscribed webhook', async () => {
    const { all, hook, register } = webhooks();
    const refusals = await startReceiver();
    const others = await startReceiver();
    const refusalHook = await register(refusals, { events: ['order.rejected'] });
    await register(others, { consumerId: 'somebody-else' });
    const place = (style: string, order: object = GOOD_ORDER) =>
      post(`${fixture().platform.urls.order[0]}/orders`, order, { 'order-style': style });
    const [later, refused, atOnce, copied] = await Promise.all([
      place('respond-first'),
      place('respond-first', BAD_ORDER),
      place('synchronous'),
      place('replication'),
    ]);
    const bought = await post(`${shop().url}/purchases`, { id: 'bought', order: GOOD_ORDER });
    const placed = [later, refused, atOnce, copied].map((answer) => (answer as HttpResponse).body.id);
    const ids: string[] = [...placed, bought.body.order.id];
    await arrive(all, hook, ids);
    await arrive(refusals, refusalHook, [refused?.body.id]);

    const bodies = new Map(all.arrived.map(({ orderId, body }) => [orderId, JSON.parse(body)]));
    for (const id of ids) {
      const rejected = id === refused?.body.id;
      expect(bodies.get(id)).toMatchObject({
        type: rejected ? 'order.rejected' : 'order.validated',
        data: { orderId: id, consumerId: CONSUMER, status: rejected ? 'REJECTED' : 'VALIDATED' },
      });
    }
    expect(bodies.get(placed[1])?.data.reasons).toMatchObject([{ code: 'ITEM_NOT_ON_MENU' }]);
    expect(bodies.get(placed[0])?.data.total).toEqual({ amount: 1_900, currency: 'EUR' });
    expect([...new Set(refusals.arrived.map(({ orderId }) => orderId))]).toEqual([refused?.body.id]);
    expect(others.arrived).toEqual([]);
  });

  describe('every decided order arrives while this is killed:', () => {
    test.each(victims)('%s', async (_, processes) => {
      const { platform, place } = fixture();
      const { all, hook } = webhooks();
      const before = all.arrived.length;
      const placing = place(40).catch(() => []);
      await poll(
        'some have arrived',
        () => all.arrived.length - before,
        (count) => count >= 3,
      );
      await Promise.all(processes.map((name) => platform.kill(name)));
      const placed = await placing;
      for (const name of processes) await platform.start(name);
      await platform.ready();
      await fixture().allDecided(ARRIVE_WITHIN_MS);
      const answered = placed.flatMap(({ status, body }) => (status < 300 ? [body.id] : []));
      const ids = [...new Set([...fixture().acknowledged, ...answered])];
      expect(ids.length).toBeGreaterThanOrEqual(3);
      await arrive(all, hook, ids);
      await allAcknowledged();
    });

    test('no event id has two contents, and no order two event ids', () => {
      const bodies = new Map<string, Set<string>>();
      const events = new Map<string, Set<string>>();
      for (const { id, orderId, body } of webhooks().all.arrived) {
        bodies.set(id, (bodies.get(id) ?? new Set()).add(body));
        events.set(orderId, (events.get(orderId) ?? new Set()).add(id));
      }
      expect([...bodies.values(), ...events.values()].filter(({ size }) => size > 1)).toEqual([]);
    });
  });
}

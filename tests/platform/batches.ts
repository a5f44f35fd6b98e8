import { randomUUID } from 'node:crypto';
import type { BrokerKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { describe, expect, test } from 'vitest';
import { call, getMetrics, sumOf } from '../support/client.ts';
import { usePlatform } from '../support/platform-fixture.ts';

const GOOD = 20;
const DEPTH = 5_000;
const COMMAND = 'com.standing-order.validate-consumer-info.v1';

/** Asserts that each entry of a batch message is judged by itself, on one broker. */
export function judgeEntries(broker: BrokerKind): void {
  const fixture = usePlatform(() => ({ broker, replicas: { order: 2 } }));

  /** Commands that the consumer service received on its topic, by outcome. */
  async function received(outcome: string): Promise<number> {
    const labels = { messaging_destination_name: 'consumer-commands', outcome };
    const metrics = await Promise.all(fixture().platform.urls.consumer.map((url) => getMetrics(url)));
    return metrics.reduce((sum, text) => sum + sumOf(text, 'messaging_client_consumed_messages', labels), 0);
  }

  /** Publishes a message as the order service. */
  async function publish(event: string): Promise<void> {
    const { platform } = fixture();
    const { status } = await call(
      'POST',
      `${platform.sidecarUrls.order[0]}/v1.0/publish/messages/consumer-commands`,
      event,
      {
        'content-type': 'application/cloudevents+json',
        'dapr-api-token': platform.secrets.daprApiToken,
      },
    );
    expect(status).toBe(204);
  }

  const entry = (data: object = {}) => {
    const orderId = `018f3c9e-7b1a-7c3d-8e4f-${randomUUID().slice(-12)}`;
    return { id: orderId, type: COMMAND, data: { orderId, token: { w: 'w', a: 1, t: 0 }, consumerId: 'ada', ...data } };
  };

  const batch = (entries: readonly unknown[]) =>
    JSON.stringify({
      specversion: '1.0',
      id: 'batch',
      source: '/order',
      type: 'com.standing-order.consumer-commands-batch.v1',
      subject: 'consumer-commands',
      time: '2026-01-01T00:00:00Z',
      datacontenttype: 'application/json',
      partitionkey: '0',
      data: { entries },
    });

  describe(`a batch message on ${broker}`, () => {
    test('with unreadable entries: they become dead letters, and the others are answered', async () => {
      const good = Array.from({ length: GOOD }, () => entry());
      const bad = [
        null,
        'text',
        { id: 'x', type: COMMAND },
        entry({ consumerId: ' ada' }),
        entry({ consumerId: 'DEEP' }),
      ];
      const deep = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`;
      const text = batch([...good.slice(0, 10), ...bad, ...good.slice(10)]);
      const [handled, dead] = [await received('success'), await received('dead')];
      await publish(text.replace('"DEEP"', deep));
      const counts = async () => ({
        handled: (await received('success')) - handled,
        dead: (await received('dead')) - dead,
      });
      await poll('each entry, handled or dead', counts, ({ handled: ok, dead: no }) => ok + no >= GOOD + bad.length);
      expect(await counts()).toEqual({ handled: GOOD, dead: bad.length });
      expect(await received('retry')).toBe(0);
    });

    test('carries the orders that arrive together, and all of them are decided', async () => {
      await fixture().place(200);
      expect((await fixture().allDecided()).undecided).toEqual([]);
    });
  });
}

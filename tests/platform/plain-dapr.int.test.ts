import { randomBytes } from 'node:crypto';
import { poll } from '@standing-order/testing/poll';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HttpResponse } from '../support/client.ts';
import { type PlainFixture, startPlainFixture, TOPIC } from '../support/plain-dapr.ts';
import { usePlatform } from '../support/platform-fixture.ts';
import { messagesOn } from '../support/redis.ts';

const TRACE_ID = 'a'.repeat(32);

let fixture: PlainFixture;
const ours = usePlatform(() => ({ replicas: { order: 1 } }));

beforeAll(async () => {
  fixture = await startPlainFixture();
});

afterAll(() => fixture?.close());

afterEach(async () => {
  fixture.app.answer = 200;
  fixture.app.received.length = 0;
});

async function publish(name: string): Promise<void> {
  const response = await fetch(`${fixture.dapr}/v1.0/publish/messages/${TOPIC}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  expect(response.status).toBe(204);
}

/** Waits until Redis has delivered every message and none is pending. A message that is not handled by now is lost. */
async function brokerIsDone(): Promise<void> {
  await poll(
    'no message pending or undelivered',
    async () => {
      const [group] = await fixture.broker.xInfoGroups(TOPIC);
      const { length } = await fixture.broker.xInfoStream(TOPIC);
      return { read: group?.['entries-read'], length, pending: group?.pending };
    },
    ({ read, length, pending }) => Number(read) === Number(length) && Number(pending) === 0,
  );
}

const names = () => fixture.app.received.map(({ event }) => (event.data as { name: string }).name);

function transact(store: string, key: string) {
  return fetch(`${fixture.dapr}/v1.0/state/${store}/transaction`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE_ID}-${'b'.repeat(16)}-01` },
    body: JSON.stringify({ operations: [{ operation: 'upsert', request: { key, value: { name: key } } }] }),
  });
}

describe('a plain Dapr application on pubsub.redis', () => {
  test('loses a message when its handler answers 500', async () => {
    fixture.app.answer = 500;
    for (const name of ['one', 'two', 'three']) await publish(name);
    await poll('three deliveries', names, (seen) => seen.length >= 3);
    await brokerIsDone();

    fixture.app.answer = 200;
    await publish('four');
    await poll('the fourth', names, (seen) => seen.includes('four'));
    expect(names().toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });

  test('loses a message that is published while it is down and its sidecar is up', async () => {
    await fixture.app.kill();
    await publish('while down');
    await brokerIsDone();

    await fixture.app.start();
    await publish('after');
    await poll('the message that came after', names, (seen) => seen.includes('after'));
    expect(names()).toEqual(['after']);
  });
});

describe("Dapr's built-in outbox", () => {
  test('adds about a second to each message and drops the trace; this outbox does neither', async () => {
    const started = performance.now();
    expect((await transact('with-outbox', 'order-1')).status).toBe(204);
    await poll(
      'its event',
      () => fixture.app.received,
      (events) => events.length > 0,
    );
    const took = performance.now() - started;

    expect(took).toBeGreaterThan(900);
    // The fastest message counts, because a busy machine can delay any of them.
    const waits = (await placeAtOurs()).map(({ waited }) => waited);
    expect(Math.min(...waits)).toBeLessThan(took);
    const [delivery] = fixture.app.received;
    expect(delivery?.event.traceparent).toBe('');
    expect(delivery?.traceparent).not.toContain(TRACE_ID);
  });

  test('refuses the order while the broker is down, although the store alone would have stored it', async () => {
    await fixture.killBroker();

    const refused = await transact('with-outbox', 'order-2');
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ errorCode: 'ERR_PUBLISH_OUTBOX' });
    expect(await fixture.state.exists('plain||order-2')).toBe(0);

    expect((await transact('without-outbox', 'order-3')).status).toBe(204);
    expect(await fixture.state.exists('plain||order-3')).toBe(1);
  });
});

describe('Standing Order in the same situations', () => {
  test('repairs commands that its handler failed on', async () => {
    const { platform, broker } = ours();
    await platform.kill('consumer-1');
    expect(statuses(await ours().place(30))).toEqual(Array(30).fill(202));
    // The consumer service cannot answer without its state.
    await platform.kill('redis-state');
    await platform.start('consumer-1');
    await poll(
      'dead-lettered commands',
      () => broker.xLen('consumer-commands-dead'),
      (dead) => dead > 0,
    );

    await platform.start('redis-state');
    await ours().allDecided(120_000);
  });

  test('handles commands that were published while a service was down and its sidecar was up', async () => {
    await ours().platform.kill('consumer-1');
    expect(statuses(await ours().place(1))).toEqual([202]);
    await ours().platform.start('consumer-1');
    await ours().allDecided();
  });

  test('acknowledges the order while the broker is down', async () => {
    await ours().platform.kill('redis-broker');
    expect(statuses(await ours().place(1))).toEqual([202]);
    await ours().platform.start('redis-broker');
    await ours().allDecided();
  });

  test('keeps the trace in its messages', async () => {
    const traceId = randomBytes(16).toString('hex');
    for (const { event } of await placeAtOurs({ traceparent: `00-${traceId}-${'b'.repeat(16)}-01` })) {
      expect(event.traceparent).toContain(traceId);
    }
  });
});

const statuses = (answers: readonly HttpResponse[]) => answers.map(({ status }) => status);

/** Places 20 orders. Resolves to their commands on the broker, with the milliseconds from order to command. */
async function placeAtOurs(headers: Readonly<Record<string, string>> = {}) {
  const placed = new Map((await ours().place(20, { headers })).map(({ body }) => [body.id, body]));
  return poll(
    'their commands',
    async () => {
      const sent = await messagesOn(ours().broker, 'consumer-commands');
      return sent.flatMap(({ id, event }) => {
        const order = placed.get(event.subject);
        return order ? [{ event, waited: Number(id.split('-')[0]) - Date.parse(order.createdAt) }] : [];
      });
    },
    (found) => found.length >= placed.size,
  );
}

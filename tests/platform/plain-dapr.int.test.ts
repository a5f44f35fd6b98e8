import { randomBytes } from 'node:crypto';
import { waitUntil } from '@standing-order/testing/wait-until';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../support/client.ts';
import { type PlainWorld, startPlainWorld, TOPIC } from '../support/plain-dapr.ts';
import { useWorld } from '../support/world.ts';

const TRACE_ID = 'a'.repeat(32);

let world: PlainWorld;
const ours = useWorld(() => ({ replicas: { order: 1 } }));

beforeAll(async () => {
  world = await startPlainWorld();
});

afterAll(() => world?.close());

afterEach(async () => {
  world.app.answer = 200;
  world.app.received.length = 0;
});

async function publish(name: string): Promise<void> {
  const response = await fetch(`${world.dapr}/v1.0/publish/messages/${TOPIC}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  });
  expect(response.status).toBe(204);
}

/** Redis has nothing more to deliver: all was handed out, nothing is pending. What was not handled by now is lost. */
async function brokerIsDone(): Promise<void> {
  await waitUntil(
    'nothing pending and nothing undelivered',
    async () => {
      const [group] = await world.broker.xInfoGroups(TOPIC);
      const { length } = await world.broker.xInfoStream(TOPIC);
      return { read: group?.['entries-read'], length, pending: group?.pending };
    },
    ({ read, length, pending }) => Number(read) === Number(length) && Number(pending) === 0,
  );
}

const names = () => world.app.received.map(({ event }) => (event.data as { name: string }).name);

function transact(store: string, key: string) {
  return fetch(`${world.dapr}/v1.0/state/${store}/transaction`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE_ID}-${'b'.repeat(16)}-01` },
    body: JSON.stringify({ operations: [{ operation: 'upsert', request: { key, value: { name: key } } }] }),
  });
}

describe('a plain Dapr application on pubsub.redis', () => {
  test('loses what its handler answers 500 to', async () => {
    world.app.answer = 500;
    for (const name of ['one', 'two', 'three']) await publish(name);
    await waitUntil('three deliveries', names, (seen) => seen.length >= 3);
    await brokerIsDone();

    world.app.answer = 200;
    await publish('four');
    await waitUntil('the fourth', names, (seen) => seen.includes('four'));
    expect(names().toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });

  test('loses what is published while it is down and its sidecar is up', async () => {
    await world.app.kill();
    await publish('while down');
    await brokerIsDone();

    await world.app.start();
    await publish('after');
    await waitUntil('the message that came after', names, (seen) => seen.includes('after'));
    expect(names()).toEqual(['after']);
  });
});

describe("Dapr's built-in outbox", () => {
  test('adds about a second to each message, which ours does not, and drops the trace', async () => {
    const started = performance.now();
    expect((await transact('with-outbox', 'order-1')).status).toBe(204);
    await waitUntil(
      'its event',
      () => world.app.received,
      (events) => events.length > 0,
    );
    const took = performance.now() - started;

    expect(took).toBeGreaterThan(900);
    // The quickest one of ours, since a busy machine can hold up any of them.
    const waits = (await placeAtOurs()).map(({ waited }) => waited);
    expect(Math.min(...waits)).toBeLessThan(took);
    const [delivery] = world.app.received;
    expect(delivery?.event.traceparent).toBe('');
    expect(delivery?.traceparent).not.toContain(TRACE_ID);
  });

  test('refuses the order when the broker is down, where the store alone would have taken it', async () => {
    await world.killBroker();

    const refused = await transact('with-outbox', 'order-2');
    expect(refused.status).toBe(500);
    expect(await refused.json()).toMatchObject({ errorCode: 'ERR_PUBLISH_OUTBOX' });
    expect(await world.state.exists('plain||order-2')).toBe(0);

    expect((await transact('without-outbox', 'order-3')).status).toBe(204);
    expect(await world.state.exists('plain||order-3')).toBe(1);
  });
});

describe('Standing Order in the same situations', () => {
  test('repairs what its handler could not take', async () => {
    const { platform, broker } = ours();
    await platform.kill('consumer-1');
    expect(statuses(await ours().place(30))).toEqual(Array(30).fill(202));
    // The consumer service cannot answer without its state.
    await platform.kill('redis-state');
    await platform.start('consumer-1');
    await waitUntil(
      'commands that were given up',
      () => broker.xLen('consumer-commands-dead'),
      (dead) => dead > 0,
    );

    await platform.start('redis-state');
    await ours().allDecided(120_000);
  });

  test('delivers what was published while a service was down and its sidecar was up', async () => {
    await ours().platform.kill('consumer-1');
    expect(statuses(await ours().place(1))).toEqual([202]);
    await ours().platform.start('consumer-1');
    await ours().allDecided();
  });

  test('takes the order while the broker is down', async () => {
    await ours().platform.kill('redis-broker');
    expect(statuses(await ours().place(1))).toEqual([202]);
    await ours().platform.start('redis-broker');
    await ours().allDecided();
  });

  test('keeps the trace in its messages', async () => {
    const traceId = randomBytes(16).toString('hex');
    for (const { event } of await placeAtOurs({ traceparent: `00-${traceId}-${'b'.repeat(16)}-01` })) {
      expect(event.traceparent).toContain(traceId);
      expect(event.traceid).toContain(traceId);
    }
  });
});

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);

/** Places 20 orders, and answers their commands at the broker, with the milliseconds that each was on its way there. */
async function placeAtOurs(headers: Readonly<Record<string, string>> = {}) {
  const placed = new Map((await ours().place(20, { headers })).map(({ body }) => [body.id, body]));
  return waitUntil(
    'their commands',
    async () => {
      const entries = (await ours().broker.xRange('consumer-commands', '-', '+')) ?? [];
      return entries.flatMap(({ id, message }) => {
        const event = JSON.parse(String(message.data)) as Readonly<Record<string, unknown>>;
        const order = placed.get(event.subject);
        return order ? [{ event, waited: Number(id.split('-')[0]) - Date.parse(order.createdAt) }] : [];
      });
    },
    (found) => found.length >= placed.size,
  );
}

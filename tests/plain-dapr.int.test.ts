import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PlainWorld, startPlainWorld, TOPIC } from './support/plain-dapr.ts';
import { until } from './support/until.ts';

const TRACE_ID = 'a'.repeat(32);

let world: PlainWorld;

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
  await until(
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
    await until('three deliveries', names, (seen) => seen.length >= 3);
    await brokerIsDone();

    world.app.answer = 200;
    await publish('four');
    await until('the fourth', names, (seen) => seen.includes('four'));
    expect(names().toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });

  test('loses what is published while it is down and its sidecar is up', async () => {
    await world.app.kill();
    await publish('while down');
    await brokerIsDone();

    await world.app.start();
    await publish('after');
    await until('the message that came after', names, (seen) => seen.includes('after'));
    expect(names()).toEqual(['after']);
  });
});

describe("Dapr's built-in outbox", () => {
  test('adds about a second to each message and drops the trace', async () => {
    const started = performance.now();
    expect((await transact('with-outbox', 'order-1')).status).toBe(204);
    await until(
      'its event',
      () => world.app.received,
      (events) => events.length > 0,
    );

    expect(performance.now() - started).toBeGreaterThan(900);
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

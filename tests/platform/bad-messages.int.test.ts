import { createBatch, entryOf, TOPICS } from '@standing-order/contracts';
import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { getMetrics } from '../support/client.ts';
import { garbageOf } from '../support/garbage.ts';
import { orderRequestOf } from '../support/order-request.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1, notification: 1 } }));

const SIZE = 20_000;
const ORDERS = 60;

const deadLetters = async (topic: string): Promise<Buffer[]> => {
  const { broker } = fixture();
  const raw = await broker.withTypeMapping({ 36: Buffer }).xRange(`${topic}-dead`, '-', '+');
  return (raw ?? []).map(({ message }) => Buffer.from(message.data as unknown as Buffer));
};

/** The message that a dead letter is about, or its beginning. */
function originalOf(letter: Buffer): string {
  const text = letter.toString('utf8');
  if (!text.includes('com.standing-order.dead-letter.v1')) return text;
  const { data } = JSON.parse(text);
  expect(data).toMatchObject({ reason: expect.any(String), faults: expect.any(Array) });
  return data.payload;
}

test('a bad message of any kind on any topic spoils only itself', async () => {
  const { broker, platform } = fixture();
  const topics = Object.keys(TOPICS);
  const kinds = garbageOf('garbage', SIZE);
  // In the same deliveries: orders are placed while the messages are added.
  const placed = fixture().place(ORDERS);
  for (const message of Object.values(kinds))
    await Promise.all(topics.map((topic) => broker.xAdd(topic, '*', { data: message })));
  const answers = await placed;
  expect(answers.map(({ status }) => status)).toEqual(Array(ORDERS).fill(202));
  await fixture().allDecided();

  const expected = Object.keys(kinds).length;
  for (const topic of topics) {
    const letters = await poll(
      `the bad messages of ${topic} are dead letters`,
      () => deadLetters(topic),
      (found) => found.length >= expected,
    );
    const originals = letters.map(originalOf);
    expect(
      originals.filter((text) => text.includes('com.standing-order.') && !text.includes('garbage')),
      `good messages among the dead letters of ${topic}`,
    ).toEqual([]);
    expect(letters, topic).toHaveLength(expected);
  }
  const metrics = await getMetrics(platform.urls.consumer[0]);
  expect(metrics).toMatch(/messaging_client_consumed_messages(_total)?\{[^}]*outcome="dead"[^}]*\} [1-9]/);
});

test('a bad request in a batch message spoils only itself', async () => {
  const { broker } = fixture();
  const client = 'batches';
  const outcomes = async (): Promise<{ kind: string; id: string }[]> =>
    ((await broker.xRange(`order-outcomes-${client}`, '-', '+')) ?? []).map(({ message }) => {
      const { type, data } = JSON.parse(String(message.data));
      return { kind: type.includes('refused') ? 'refused' : data.order.status, id: data.correlationId };
    });
  const requestOf = (correlationId: string, content: object) => orderRequestOf(client, correlationId, content);
  const first = requestOf('good-1', {});
  const others = [
    requestOf('no-lines', { request: { ...GOOD_ORDER, lines: [] } }),
    requestOf('no-channel', { replyTo: '../order-replies' }),
    requestOf('good-2', {}),
  ];
  const entries = [...[first, ...others].map(entryOf), 'an entry that is no object'];
  const batch = createBatch('com.standing-order.order-requests-batch.v1', first, entries as never);
  const letters = (await deadLetters('order-requests')).length;
  await broker.xAdd('order-requests', '*', { data: JSON.stringify(batch) });
  const arrived = await poll('an outcome of each readable request', outcomes, (all) =>
    ['good-1', 'good-2', 'no-lines'].every((id) => all.some((outcome) => outcome.id === id)),
  );
  expect(new Map(arrived.map(({ id, kind }) => [id, kind]))).toEqual(
    new Map([
      ['good-1', 'VALIDATED'],
      ['good-2', 'VALIDATED'],
      ['no-lines', 'refused'],
    ]),
  );
  const dead = await poll(
    'the unreadable requests are dead letters',
    () => deadLetters('order-requests'),
    (found) => found.length >= letters + 2,
  );
  const originals = dead.slice(letters).map(originalOf);
  expect(originals).toHaveLength(2);
  expect(originals.filter((text) => text.includes('"no-channel-1"'))).toHaveLength(1);
  expect(originals.filter((text) => text.includes('an entry that is no object'))).toHaveLength(1);
});

import { TOPICS } from '@standing-order/contracts';
import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { getMetrics } from '../support/client.ts';
import { garbageOf } from '../support/garbage.ts';
import { usePlatform } from '../support/platform-fixture.ts';

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

import { randomUUID } from 'node:crypto';
import { Admin, Consumer, type Message, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import type { DeadLetterBroker } from './broker.ts';
import { DEAD_SUFFIX, type Entry } from './dead-letter.ts';

/** Key of the records that mark dead letters as handled. Their value is PARTITION:OFFSET. */
const HANDLED = 'standing-order:handled';
const READ_MS = 20_000;

/**
 * Kafka cannot delete one record. A handled dead letter is marked by a further record on its topic, so that the topic alone
 * contains the state, and expires with it.
 */
export async function connectKafka(url: string): Promise<DeadLetterBroker> {
  const bootstrapBrokers = [new URL(url).host];
  const base = { clientId: 'standing-order-deadletters', bootstrapBrokers, timeout: READ_MS };
  const admin = new Admin(base);
  const producer = new Producer({ ...base, serializers: stringSerializers });
  const send = (topic: string, key: string, value: string) => producer.send({ messages: [{ topic, key, value }] });

  async function readTopic(topic: string): Promise<Entry[]> {
    const records = await readRecords(base, topic);
    const handled = new Set(records.filter(({ key }) => key === HANDLED).map(({ value }) => value));
    return records
      .filter(({ key }) => key !== HANDLED)
      .map(({ partition, offset, value }) => ({ topic, position: `${partition}:${offset}`, content: value }))
      .filter(({ position }) => !handled.has(position));
  }

  const isPresent = async ({ topic, position }: Entry) =>
    (await readTopic(topic)).some((entry) => entry.position === position);

  return {
    async list() {
      const topics = (await admin.listTopics()).filter((topic) => topic.endsWith(DEAD_SUFFIX)).toSorted();
      const entries: Entry[] = [];
      for (const topic of topics) entries.push(...(await readTopic(topic)));
      return entries;
    },
    async replay(entry, topic, message) {
      if (!(await isPresent(entry))) return false;
      await send(topic, entry.position, message);
      await send(entry.topic, HANDLED, entry.position);
      return true;
    },
    async drop(entry) {
      if (!(await isPresent(entry))) return false;
      await send(entry.topic, HANDLED, entry.position);
      return true;
    },
    async close() {
      await Promise.allSettled([admin.close(), producer.close()]);
    },
  };
}

type StringMessage = Message<string, string, string, string>;

/** Every record of a topic, up to its end at this moment. */
async function readRecords(
  base: { clientId: string; bootstrapBrokers: string[] },
  topic: string,
): Promise<StringMessage[]> {
  const groupId = `standing-order-deadletters-${randomUUID()}`;
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers });
  try {
    const [ends, starts] = await Promise.all([
      consumer.listOffsets({ topics: [topic] }),
      consumer.listOffsets({ topics: [topic], timestamp: -2n }),
    ]);
    const startOf = (partition: number) => starts.get(topic)?.[partition] ?? 0n;
    const left = new Map(
      (ends.get(topic) ?? []).flatMap((end, partition) =>
        end > startOf(partition) ? [[partition, end] as const] : [],
      ),
    );
    if (left.size === 0) return [];
    const offsets = (starts.get(topic) ?? []).map((offset, partition) => ({ topic, partition, offset }));
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'manual',
      offsets,
      autocommit: false,
      maxWaitTime: 200,
    });
    const records: StringMessage[] = [];
    const timer = setTimeout(() => stream.destroy(new Error(`${topic} could not be read in ${READ_MS} ms`)), READ_MS);
    for await (const record of stream) {
      records.push(record);
      if (record.offset + 1n >= (left.get(record.partition) ?? 0n)) left.delete(record.partition);
      if (left.size === 0) break;
    }
    clearTimeout(timer);
    return records;
  } finally {
    await consumer.close(true);
  }
}

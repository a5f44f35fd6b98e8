import { connectToRedis } from '../redis-client.ts';
import type { DeadLetterBroker } from './broker.ts';
import { DEAD_SUFFIX, type Entry } from './dead-letter.ts';

const BATCH = 500;

/** Dapr's Redis Streams: a stream for each topic, and the message in the field `data` of an entry. */
export async function connectRedis(url: string): Promise<DeadLetterBroker> {
  const client = await connectToRedis(url);

  async function entriesOf(topic: string): Promise<Entry[]> {
    const entries = await client.xRange(topic, '-', '+');
    return (entries ?? []).map(({ id, message }) => ({ topic, position: id, content: message.data ?? '' }));
  }

  return {
    async list() {
      const topics: string[] = [];
      for await (const found of client.scanIterator({ MATCH: `*${DEAD_SUFFIX}`, TYPE: 'stream', COUNT: BATCH }))
        topics.push(...found);
      return (await Promise.all([...new Set(topics)].toSorted().map(entriesOf))).flat();
    },
    async replay({ topic: deadTopic, position }, topic, message) {
      // WATCH: a replay by another process at the same time must not send the message twice.
      await client.watch(deadTopic);
      const present = await client.xRange(deadTopic, position, position);
      if (!present?.length) {
        await client.unwatch();
        return false;
      }
      await client.multi().xAdd(topic, '*', { data: message }).xDel(deadTopic, position).exec();
      return true;
    },
    drop: async ({ topic, position }) => (await client.xDel(topic, position)) === 1,
    close: async () => client.destroy(),
  };
}

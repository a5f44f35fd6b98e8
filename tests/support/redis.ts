import { entriesOf } from '@standing-order/contracts';
import { connectToRedis } from '@standing-order/loadtest/redis-client';
import type { RedisClientType } from 'redis';

/** A client of one Redis server of the test. */
export type Redis = RedisClientType;

/** Connects to a Redis server that a test may kill: waits while the server starts, also again. Call `destroy` at the end. */
export const connectRedis = (url: string): Promise<Redis> => connectToRedis(url, { reconnectMs: 50 });

/** A message on a topic; the entries of a batch message each. */
export interface MessageOnTopic {
  /** Id of the stream entry. */
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read any field of any message
  readonly event: any;
}

/** All messages on a topic of the broker. */
export async function messagesOn(broker: Redis, topic: string): Promise<readonly MessageOnTopic[]> {
  const entries = (await broker.xRange(topic, '-', '+')) ?? [];
  return entries.flatMap(({ id, message }) =>
    entriesOf(JSON.parse(String(message.data))).map((event) => ({ id, event })),
  );
}

import { entriesOf } from '@standing-order/contracts';
import { createClient } from 'redis';

/** A client of one Redis server of the test. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** Connects to a Redis server, and waits while the server starts. Call `destroy` at the end. */
export async function connectRedis(url: string) {
  const client = createClient({
    url,
    socket: { reconnectStrategy: 50 },
    commandOptions: { timeout: 10_000 },
  });
  // Tests kill servers on purpose; each command rejects by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}

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

import { randomUUID } from 'node:crypto';
import { TOPICS } from '@standing-order/contracts';
import { createClient, type RedisClientType } from 'redis';
import { heard, OUTCOMES, requestWriter } from './messages.ts';
import type { Answer, Target, TargetOptions } from './target.ts';

/** As Dapr's component trims what it publishes. */
const TRIM = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 50_000 } } as const;
const BATCH = 512;
const BLOCK_MS = 1_000;
const OVERDUE_EVERY_MS = 100;

interface Waiting {
  readonly done: (answer: Answer) => void;
  /** On the monotonic clock. */
  readonly until: number;
}

/**
 * Asks by CreateOrder messages, and has an answer when it hears the outcome. Speaks to the broker itself, as the sidecar of a
 * client would: a sidecar of its own would take more of these cores than what is measured. It remembers nothing, as a real
 * client has to; a request without an outcome in time counts as one, and is not sent again.
 */
export async function messageTarget(
  redisUrl: string,
  { timeoutMs, consumers, restaurants }: TargetOptions,
): Promise<Target> {
  const [writer, reader] = await Promise.all([connect(redisUrl), connect(redisUrl)]);
  const requestOf = requestWriter(consumers, restaurants);
  // Outcomes of an earlier load may still come.
  const load = randomUUID();
  const waiting = new Map<string, Waiting>();

  const publish = (topic: string, data: string) => writer.xAdd(topic, '*', { data }, TRIM);

  function finish(id: string, answer: Answer): void {
    const entry = waiting.get(id);
    waiting.delete(id);
    entry?.done(answer);
  }

  async function hear(text: string): Promise<void> {
    const { correlationId, answer, receipt } = heard(text, Date.now());
    if (correlationId !== undefined) finish(correlationId, answer);
    if (receipt) await publish(TOPICS['order-replies'].name, JSON.stringify(receipt));
  }

  async function listen(): Promise<never> {
    for (let last = await newestOf(writer); ; ) {
      const streams = (await reader.xRead({ key: OUTCOMES, id: last }, { COUNT: BATCH, BLOCK: BLOCK_MS })) as
        | { messages: { id: string; message: Record<string, string> }[] }[]
        | null;
      const messages = streams?.[0]?.messages ?? [];
      last = messages.at(-1)?.id ?? last;
      await Promise.all(messages.map(({ message }) => hear(message.data ?? '')));
    }
  }

  // In the order of sending, which is that of their times.
  setInterval(() => {
    for (const [id, { until }] of waiting) {
      if (until > performance.now()) return;
      finish(id, { other: 'no outcome in time' });
    }
  }, OVERDUE_EVERY_MS);
  void listen();

  return {
    hasRoom: true,
    send(n, done) {
      const id = `${load}-${n}`;
      waiting.set(id, { done, until: performance.now() + timeoutMs });
      publish(TOPICS['order-requests'].name, requestOf(n, id, Date.now())).catch((error: unknown) =>
        finish(id, { other: 'not published', text: String(error) }),
      );
    },
  };
}

/** A lost connection ends the generator, and with it the run. */
async function connect(url: string): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', (error: unknown) => {
    throw error;
  });
  await client.connect();
  return client;
}

/** The newest message of the reply channel; what comes after it is heard. */
async function newestOf(redis: RedisClientType): Promise<string> {
  return (await redis.exists(OUTCOMES)) ? String((await redis.xInfoStream(OUTCOMES))['last-generated-id']) : '0';
}

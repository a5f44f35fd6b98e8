import { randomUUID } from 'node:crypto';
import { TOPICS } from '@standing-order/contracts';
import { type BatchablePublication, type Publication, publishInBatches } from '@standing-order/dapr';
import { createBatcher } from '@standing-order/service-kit/runtime';
import type { RedisClientType } from 'redis';
import { connectToRedis } from '../../redis-client.ts';
import type { Send, SendResult } from './load.ts';
import { createOrderMessage, OUTCOMES, readOutcomes } from './messages.ts';

/** The same trimming as Dapr's Redis component. */
const TRIM = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 50_000 } } as const;
const BATCH = 512;
const BLOCK_MS = 1_000;
const TIMEOUT_CHECK_MS = 100;

interface PendingRequest {
  readonly resolve: (result: SendResult) => void;
  /** On the monotonic clock. */
  readonly deadline: number;
}

/**
 * Sends orders as CreateOrder messages; the outcome is the acknowledgement. It uses the broker directly, as the sidecar of
 * a client would, and packs batch messages as the client library does: a sidecar of its own would take more of these cores than
 * the system under test. It stores no requests, as a real client must. A request without an outcome in time counts as such and is not sent again.
 */
export async function messageSender(redisUrl: string, timeoutMs: number): Promise<Send> {
  const connect = () => connectToRedis(redisUrl, { deadline: false });
  const [writer, reader] = await Promise.all([connect(), connect()]);
  // Outcomes of an earlier load may still arrive.
  const load = randomUUID();
  const pending = new Map<string, PendingRequest>();

  const sidecar = {
    publish: (_: string, topic: string, messages: readonly Publication[]) =>
      Promise.all(
        messages.map(async ({ event }) => {
          await writer.xAdd(topic, '*', { data: JSON.stringify(event) }, TRIM);
          return true;
        }),
      ),
  };
  /** As the client library publishes: while one publish is in progress, the next messages gather. */
  const publisherOf = (topic: string) =>
    createBatcher((messages: readonly BatchablePublication[]) =>
      publishInBatches({ sidecar, pubsub: 'messages' }, topic, messages),
    );
  const request = publisherOf(TOPICS['order-requests'].name);
  const confirm = publisherOf(TOPICS['order-confirmations'].name);

  function finish(id: string, result: SendResult): void {
    pending.get(id)?.resolve(result);
    pending.delete(id);
  }

  async function receive(text: string): Promise<void> {
    const outcomes = readOutcomes(text, Date.now());
    for (const { correlationId, result } of outcomes) if (correlationId !== undefined) finish(correlationId, result);
    const receipts = outcomes.flatMap(({ receipt }) => receipt ?? []);
    if (receipts.length > 0) await confirm(receipts);
  }

  async function readReplies(): Promise<never> {
    for (let last = await newestId(writer); ; ) {
      const streams = (await reader.xRead({ key: OUTCOMES, id: last }, { COUNT: BATCH, BLOCK: BLOCK_MS })) as
        | { messages: { id: string; message: Record<string, string> }[] }[]
        | null;
      const messages = streams?.[0]?.messages ?? [];
      last = messages.at(-1)?.id ?? last;
      await Promise.all(messages.map(({ message }) => receive(message.data ?? '')));
    }
  }

  // Requests are in the order of sending, which is the order of their deadlines.
  setInterval(() => {
    for (const [id, { deadline }] of pending) {
      if (deadline > performance.now()) return;
      finish(id, { other: 'no outcome in time' });
    }
  }, TIMEOUT_CHECK_MS);
  // A lost connection ends the generator, and with it the run.
  void readReplies();

  return (requestNumber) => {
    const id = `${load}-${requestNumber}`;
    const { promise, resolve } = Promise.withResolvers<SendResult>();
    pending.set(id, { resolve, deadline: performance.now() + timeoutMs });
    request([createOrderMessage(requestNumber, id, Date.now())]).catch((error: unknown) =>
      finish(id, { other: 'not published', text: String(error) }),
    );
    return promise;
  };
}

/** The newest message of the reply channel; only later messages are read. */
async function newestId(redis: RedisClientType): Promise<string> {
  return (await redis.exists(OUTCOMES)) ? String((await redis.xInfoStream(OUTCOMES))['last-generated-id']) : '0';
}

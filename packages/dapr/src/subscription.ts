import { type Context, context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import type { CloudEvent, Topic } from '@standing-order/contracts';
import { faultsOf, parseBody } from '@standing-order/service-kit/http';
import {
  ATTRIBUTE_KEYS,
  contextOf,
  currentTrace,
  failSpan,
  inSpan,
  isTraced,
  messageAttributes,
  meter,
  SpanKind,
  startSpan,
  type TraceParent,
  topicAttributes,
  traceOf,
  warnRateLimited,
} from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import type { z } from 'zod';
import { deadLetterOf } from './dead-letter.ts';
import { deliveryAnswer, type HandlingResult, type RawEntry, readDelivery } from './delivery.ts';
import type { Sidecar } from './types.ts';
import { within } from './within.ts';

export interface ReceivedMessage<M> {
  readonly message: M;
  /** In the trace of its order; holds the message's own `process` span if that trace is recorded. */
  readonly context: Context;
}

export interface Subscription<M extends CloudEvent> {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly topic: Pick<Topic, 'name' | 'deadLetter'>;
  /** The sender of dead letters, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly schema: z.ZodType<M>;
  /** How long a delivery may take, in milliseconds; past it, all its entries are answered RETRY. Default `DELIVERY_MS`. */
  readonly deadlineMs?: number;
  /** All valid messages of one delivery, at least one. One outcome each, in order. A rejection means retry for all. */
  handle(batch: readonly ReceivedMessage<M>[]): Promise<readonly HandlingResult[]>;
}

/** 512 messages of the largest order fit twice. */
const MAX_DELIVERY_BYTES = 128 * 1024 * 1024;
/**
 * Short, since a sidecar gives a delivery up in time only when all its attempts end in time. Work that a slow store holds up
 * longer goes on all the same, and finds its message done when that comes again.
 */
export const DELIVERY_MS = 3_000;

const received = meter.createCounter('messaging.client.consumed.messages', {
  description: 'Messages delivered by the sidecar, by what became of them',
  unit: '{message}',
});

interface Sorted<M> {
  readonly valid: { readonly index: number; readonly message: M }[];
  readonly garbage: { readonly index: number; readonly event: unknown; readonly error: z.core.$ZodError }[];
}

function sort<M>(schema: z.ZodType<M>, entries: readonly RawEntry[]): Sorted<M> {
  const sorted: Sorted<M> = { valid: [], garbage: [] };
  entries.forEach(({ event }, index) => {
    const result = schema.safeParse(event);
    if (result.success) sorted.valid.push({ index, message: result.data });
    else sorted.garbage.push({ index, event, error: result.error });
  });
  return sorted;
}

/**
 * Adds POST /messages/{topic}, for bulk and for single deliveries. What the schema refuses goes to the dead letter topic
 * with its reason and never reaches the handler.
 */
export function subscribe<M extends CloudEvent>(app: Hono, subscription: Subscription<M>): void {
  app.post(`/messages/${subscription.topic.name}`, async (c) => {
    const delivery = readDelivery(await parseBody(c, MAX_DELIVERY_BYTES));
    return c.json(deliveryAnswer(delivery, await receive(subscription, delivery.entries)));
  });
}

async function receive<M extends CloudEvent>(
  subscription: Subscription<M>,
  entries: readonly RawEntry[],
): Promise<(HandlingResult | undefined)[]> {
  const topic = subscription.topic.name;
  const { valid, garbage } = sort(subscription.schema, entries);
  const outcomes: (HandlingResult | undefined)[] = Array(entries.length).fill(undefined);
  const options = {
    kind: SpanKind.CLIENT,
    parent: ROOT_CONTEXT,
    links: valid.map(({ message }) => traceOf(message)).filter(isTraced),
    attributes: { ...topicAttributes(topic, 'receive'), [ATTRIBUTE_KEYS.messagingBatchCount]: entries.length },
  };
  await inSpan(`receive ${topic}`, options, async () => {
    const [handled, buried] = await Promise.all([
      valid.length > 0
        ? handle(
            subscription,
            valid.map(({ message }) => message),
          )
        : [],
      garbage.length > 0 ? bury(subscription, garbage) : [],
    ]);
    valid.forEach(({ index }, at) => {
      outcomes[index] = handled[at];
    });
    garbage.forEach(({ index }, at) => {
      outcomes[index] = buried[at] ? 'success' : 'retry';
    });
    const successes = handled.filter((outcome) => outcome === 'success').length;
    count(topic, 'success', successes);
    count(topic, 'retry', valid.length - successes);
    count(topic, 'dead', buried.filter(Boolean).length);
  });
  return outcomes;
}

function count(topic: string, outcome: 'success' | 'retry' | 'dead', messages: number): void {
  if (messages > 0) received.add(messages, { [ATTRIBUTE_KEYS.messagingDestination]: topic, outcome });
}

/** The context in which a message is handled, with a span of its own if its trace is recorded. */
function startProcess(topic: string, message: CloudEvent, batch: TraceParent | undefined): Process {
  const from = traceOf(message);
  const parent = contextOf(from);
  if (!isTraced(from)) return { context: parent };
  const span = startSpan(`process ${topic}`, {
    kind: SpanKind.CONSUMER,
    parent,
    links: [batch],
    attributes: messageAttributes(topic, 'process', message),
  });
  return { context: trace.setSpan(parent, span), span };
}

interface Process {
  readonly context: Context;
  readonly span?: Span;
}

/** Never rejects: whatever goes wrong in the handler means that its messages come again. */
async function handle<M extends CloudEvent>(
  { topic: { name: topic }, deadlineMs = DELIVERY_MS, ...subscription }: Subscription<M>,
  messages: readonly M[],
): Promise<readonly (HandlingResult | undefined)[]> {
  const batch = currentTrace();
  const deliveries = messages.map((message) => ({ message, ...startProcess(topic, message, batch) }));
  const finish = (failureOf: (index: number) => unknown): void =>
    deliveries.forEach(({ span }, index) => {
      const failure = failureOf(index);
      if (span && failure !== undefined) failSpan(span, failure);
      span?.end();
    });
  try {
    const work = subscription.handle(deliveries);
    const outcomes = await within(deadlineMs, work, `the handler of ${topic}`);
    finish((index) => (outcomes[index] === 'success' ? undefined : 'to be sent again'));
    return outcomes;
  } catch (error) {
    finish(() => error);
    const span = trace.getSpan(context.active());
    if (span) failSpan(span, error);
    warnRateLimited(`handle ${topic}`, { err: error, topic, messages: messages.length }, 'messages will be sent again');
    return [];
  }
}

/** Sends what nobody can read to the dead letter topic; says for each whether it arrived there. */
async function bury<M extends CloudEvent>(
  { sidecar, pubsub, topic: { name: topic, deadLetter }, source, deadlineMs = DELIVERY_MS }: Subscription<M>,
  garbage: Sorted<M>['garbage'],
): Promise<readonly boolean[]> {
  const letters = garbage.map(({ event, error }) => ({
    event: deadLetterOf(
      topic,
      source,
      event,
      'the message does not have the form that its topic demands',
      faultsOf(error),
      Date.now(),
    ),
  }));
  const [first] = letters;
  warnRateLimited(
    `bury ${topic}`,
    { topic, messages: letters.length, first: first?.event.data.faults },
    'unreadable messages',
  );
  const what = `burying messages of ${topic}`;
  return within(deadlineMs, sidecar.publish(pubsub, deadLetter, letters), what).catch((error: unknown) => {
    warnRateLimited(what, { err: error, topic, messages: letters.length }, 'unreadable messages will be sent again');
    return [];
  });
}

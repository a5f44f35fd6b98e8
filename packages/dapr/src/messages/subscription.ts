import { type Context, context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { type CloudEvent, entriesOf, type FieldFault, isBatch, type Topic } from '@standing-order/contracts';
import { faultsOf, parseBody } from '@standing-order/service-kit/http';
import {
  ATTRIBUTE_KEYS,
  contextOf,
  countFromZero,
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
import type { Sidecar } from '../types.ts';
import { deadLetterOf } from './dead-letter.ts';
import {
  type DeliveryEntry,
  type DeliveryResult,
  deliveryResponse,
  type HandlingResult,
  readDelivery,
} from './delivery-body.ts';
import { isolateFailures } from './isolate.ts';
import { handleInTurn } from './large-deliveries.ts';
import { withTimeout } from './timeout.ts';

/** A valid message, or a valid entry of a batch message, as a handler receives it. */
export interface ReceivedMessage<M> {
  readonly message: M;
  /** The context of the message's trace, with its own `process` span if that trace is recorded. */
  readonly context: Context;
  /** Whether it was inside a batch message. */
  readonly batched: boolean;
}

/** A service's subscription to a topic, and its handler. */
export interface Subscription<M extends CloudEvent> {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly topic: Pick<Topic, 'name' | 'deadLetter'>;
  /** The sender of dead letters, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly schema: z.ZodType<M>;
  /** Deadline of a delivery, in milliseconds; after it every entry is answered RETRY. Default `DELIVERY_MS`. */
  readonly deadlineMs?: number;
  /**
   * Handles valid messages of one delivery, at least one. One result each, in order. A rejection with an UnavailableError means
   * retry for all. After any other rejection, it is called with parts of them, to find the message at fault.
   */
  handle(batch: readonly ReceivedMessage<M>[]): Promise<readonly HandlingResult[]>;
}

/** Twice the size of 512 messages with the largest order. */
const MAX_DELIVERY_BYTES = 128 * 1024 * 1024;
/**
 * Default deadline of a delivery. It is short, since a sidecar gives up a delivery in time only when all its attempts end in
 * time. Work that a slow store delays beyond it continues, and has handled the message when that is delivered again.
 */
export const DELIVERY_MS = 3_000;

const received = meter.createCounter('messaging.client.consumed.messages', {
  description:
    'Messages delivered by the sidecar, each entry of a batch message on its own, by outcome: success, retry, dead (sent to the ' +
    'dead-letter topic), left (an entry that failed, while others of its batch message did not: its sender repeats it)',
  unit: '{message}',
});

/** A message, or an entry of a batch message, of a delivery. */
interface Received {
  readonly event: unknown;
  /** Index in the delivery of the message that it was in. */
  readonly index: number;
  readonly batched: boolean;
}

interface SortedEntries<M> {
  readonly valid: (Received & { readonly message: M })[];
  readonly invalid: (Received & DeadMessage)[];
}

/** A message for the dead-letter topic. */
interface DeadMessage {
  readonly event: unknown;
  readonly reason: string;
  readonly faults: readonly FieldFault[];
}

const INVALID = 'the message does not match the schema of its topic';

type Outcome = 'success' | 'retry' | 'dead';

/** The number of messages by each value of the label `outcome`. */
type OutcomeCounts = Record<Outcome | 'left', number>;

const noMessages = (): OutcomeCounts => ({ success: 0, retry: 0, dead: 0, left: 0 });

function entriesIn(delivery: readonly DeliveryEntry[]): Received[] {
  return delivery.flatMap(({ event }, index) => {
    const batched = isBatch(event);
    return entriesOf(event).map((entry) => ({ event: entry, index, batched }));
  });
}

function validate<M>(schema: z.ZodType<M>, entries: readonly Received[]): SortedEntries<M> {
  const sorted: SortedEntries<M> = { valid: [], invalid: [] };
  for (const entry of entries) {
    const result = schema.safeParse(entry.event);
    if (result.success) sorted.valid.push({ ...entry, message: result.data });
    else sorted.invalid.push({ ...entry, reason: INVALID, faults: faultsOf(result.error) });
  }
  return sorted;
}

/**
 * Adds POST /messages/{topic}, for bulk and for single deliveries. A message that its schema refuses goes to the dead-letter
 * topic with the reason, and not to the handler. So does a message that the handler refuses. Each entry of a batch message is
 * judged by itself. The sidecar delivers a batch message again only if none of its entries was handled: its sender repeats the
 * others one by one.
 */
export function subscribe<M extends CloudEvent>(app: Hono, subscription: Subscription<M>): void {
  const attributes = { [ATTRIBUTE_KEYS.messagingDestination]: subscription.topic.name };
  countFromZero(received, ...Object.keys(noMessages()).map((outcome) => ({ ...attributes, outcome })));
  app.post(`/messages/${subscription.topic.name}`, (c) =>
    // A sidecar sends the length of each body.
    handleInTurn(Number(c.req.header('content-length') ?? 0), async () => {
      const delivery = readDelivery(await parseBody(c, MAX_DELIVERY_BYTES));
      return c.json(deliveryResponse(delivery, await receive(subscription, delivery.entries)));
    }),
  );
}

async function receive<M extends CloudEvent>(
  subscription: Subscription<M>,
  delivery: readonly DeliveryEntry[],
): Promise<(DeliveryResult | undefined)[]> {
  const topic = subscription.topic.name;
  const entries = entriesIn(delivery);
  const { valid, invalid } = validate(subscription.schema, entries);
  const results: (DeliveryResult | undefined)[] = Array(delivery.length).fill(undefined);
  const options = {
    kind: SpanKind.CLIENT,
    parent: ROOT_CONTEXT,
    links: valid.map(({ message }) => traceOf(message)).filter(isTraced),
    attributes: { ...topicAttributes(topic, 'receive'), [ATTRIBUTE_KEYS.messagingBatchCount]: entries.length },
  };
  await inSpan(`receive ${topic}`, options, async () => {
    const [handled, deadLettered] = await Promise.all([
      valid.length > 0 ? handle(subscription, valid) : [],
      invalid.length > 0 ? deadLetter(subscription, invalid) : [],
    ]);
    const outcomes: Outcome[] = [
      ...valid.map((_, at) => handled[at] ?? 'retry'),
      ...invalid.map((_, at) => (deadLettered[at] ? 'dead' : 'retry')),
    ];
    const sorted = [...valid, ...invalid];
    const handledMessages = new Set(sorted.filter((_, at) => outcomes[at] !== 'retry').map(({ index }) => index));
    const counts = noMessages();
    for (const [at, { index }] of sorted.entries()) {
      const outcome = outcomes[at] ?? 'retry';
      const isHandled = handledMessages.has(index);
      results[index] = isHandled ? 'success' : 'retry';
      counts[outcome === 'retry' && isHandled ? 'left' : outcome]++;
    }
    for (const [outcome, messages] of Object.entries(counts)) count(topic, outcome, messages);
  });
  return results;
}

function count(topic: string, outcome: string, messages: number): void {
  if (messages > 0) received.add(messages, { [ATTRIBUTE_KEYS.messagingDestination]: topic, outcome });
}

/** The context in which a message is handled, with a span of its own if its trace is recorded. */
function startProcessing(topic: string, message: CloudEvent, batch: TraceParent | undefined): Processing {
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

interface Processing {
  readonly context: Context;
  readonly span?: Span;
}

/** Why the span of a message fails. */
const FAILURES: Readonly<Record<Outcome, string | undefined>> = {
  success: undefined,
  retry: 'will be delivered or sent again',
  dead: 'was refused',
};

/** Never rejects: after any failure of the handler, its messages are delivered again. */
async function handle<M extends CloudEvent>(
  subscription: Subscription<M>,
  messages: SortedEntries<M>['valid'],
): Promise<readonly (Outcome | undefined)[]> {
  const {
    topic: { name: topic },
    deadlineMs = DELIVERY_MS,
  } = subscription;
  const batch = currentTrace();
  const processing = messages.map(({ message, batched }) => ({
    message,
    batched,
    ...startProcessing(topic, message, batch),
  }));
  const finish = (failureOf: (index: number) => unknown): void =>
    processing.forEach(({ span }, index) => {
      const failure = failureOf(index);
      if (span && failure !== undefined) failSpan(span, failure);
      span?.end();
    });
  try {
    const until = performance.now() + deadlineMs;
    const onFailure = (err: unknown) =>
      warnRateLimited(`handle ${topic}`, { err, topic }, 'handling a message failed; the others were handled');
    const handled = isolateFailures(
      processing,
      (part) => subscription.handle(part),
      onFailure,
      () => performance.now() > until,
    );
    const work = handled.then((results) => deadLetterRefused(subscription, messages, results));
    const outcomes = await withTimeout(deadlineMs, work, `the handler of ${topic}`);
    finish((index) => FAILURES[outcomes[index] ?? 'retry']);
    return outcomes;
  } catch (error) {
    finish(() => error);
    const span = trace.getSpan(context.active());
    if (span) failSpan(span, error);
    warnRateLimited(
      `handle ${topic}`,
      { err: error, topic, messages: messages.length },
      'handling messages failed; they will be delivered again',
    );
    return [];
  }
}

/** Sends the messages that the handler refused to the dead-letter topic. Returns the outcome of every message. */
async function deadLetterRefused<M extends CloudEvent>(
  subscription: Subscription<M>,
  messages: SortedEntries<M>['valid'],
  results: readonly (HandlingResult | undefined)[],
): Promise<readonly (Outcome | undefined)[]> {
  const refused = messages.flatMap(({ event }, at) => {
    const result = results[at];
    return typeof result === 'object' ? [{ event, reason: result.refused, faults: [] }] : [];
  });
  const accepted = (refused.length > 0 ? await deadLetter(subscription, refused) : []).values();
  return results.map((result) =>
    typeof result === 'object' ? (accepted.next().value ? ('dead' as const) : ('retry' as const)) : result,
  );
}

/** Sends messages to the dead-letter topic. Returns for each whether the broker accepted it. */
async function deadLetter<M extends CloudEvent>(
  { sidecar, pubsub, topic: { name: topic, deadLetter: to }, source, deadlineMs = DELIVERY_MS }: Subscription<M>,
  messages: readonly DeadMessage[],
): Promise<readonly boolean[]> {
  const letters = messages.map(({ event, reason, faults }) => ({
    event: deadLetterOf(topic, source, event, reason, faults, Date.now()),
  }));
  const [first] = messages;
  warnRateLimited(
    `dead letter ${topic}`,
    { topic, messages: letters.length, reason: first?.reason, first: first?.faults },
    'messages go to the dead-letter topic',
  );
  return withTimeout(deadlineMs, sidecar.publish(pubsub, to, letters), `publishing to ${to}`).catch(
    (error: unknown) => {
      warnRateLimited(
        `publish ${to}`,
        { err: error, topic, messages: letters.length },
        'dead-letter publish failed; the messages will be delivered again',
      );
      return [];
    },
  );
}

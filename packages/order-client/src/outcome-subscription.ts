import { type Message, messageSchema, OUTCOME_TYPES, outcomeTopic, TOPICS } from '@standing-order/contracts';
import { type HandlingResult, type ReceivedMessage, type Sidecar, sendReplies, subscribe } from '@standing-order/dapr';
import { type Clock, createBatcher } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import type { RequestSender } from './request-sender.ts';
import type { Outcome, RequestStore } from './requests.ts';

export interface OutcomeSubscriptionOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly name: string;
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly requests: Pick<RequestStore, 'read' | 'addOutcomes'>;
  readonly sender: Pick<RequestSender, 'complete'>;
}

const CONFIRMATIONS = TOPICS['order-confirmations'].name;

type OutcomeMessage = Message<(typeof OUTCOME_TYPES)[number]>;
type OrderOutcomeMessage = Message<'com.standing-order.order-outcome.v1'>;

/**
 * Adds the handler of the client's reply channel. An outcome is stored before it is confirmed. It is redelivered until it is
 * confirmed. While outcomes are handled, those of the next deliveries gather: they share reads, writes and batch messages. An outcome
 * that could not be stored is delivered again, and the others are confirmed.
 */
export function subscribeToOutcomes(app: Hono, options: OutcomeSubscriptionOptions): void {
  const { sidecar, pubsub, name, source, requests, sender } = options;

  async function handle(batch: readonly ReceivedMessage<OutcomeMessage>[]): Promise<readonly HandlingResult[]> {
    const outcomes = new Map<string, Outcome>();
    for (const { message } of batch) {
      const { correlationId: id } = message.data;
      if (id === undefined) {
        warnRateLimited('client refused', { ...message.data }, 'a request without a correlation id was refused');
      } else if (!outcomes.has(id)) outcomes.set(id, toOutcome(message));
    }
    const failed = await requests.addOutcomes(outcomes);
    const hasFailed = ({ message }: ReceivedMessage<OutcomeMessage>) => failed.has(message.data.correlationId ?? '');
    const ids = [...outcomes.keys()].filter((id) => !failed.has(id));
    if (ids.length > 0) await sender.complete((await requests.read(ids)).requests);
    const confirmed = (await confirm(batch.filter((received) => !hasFailed(received)))).values();
    return batch.map((received) => (hasFailed(received) ? 'retry' : (confirmed.next().value ?? 'retry')));
  }

  /** Confirms outcomes to the order service, including those of removed requests: no other receiver would confirm them. */
  async function confirm(batch: readonly ReceivedMessage<OutcomeMessage>[]): Promise<readonly HandlingResult[]> {
    const reply = { type: 'com.standing-order.outcome-received.v1' } as const;
    const confirmed = await sendReplies(
      { ...options, topic: CONFIRMATIONS, alone: 'retransmitted' },
      batch.filter(isOrderOutcome),
      () => reply,
    );
    let next = 0;
    return batch.map((received) => (isOrderOutcome(received) ? (confirmed[next++] ?? 'retry') : 'success'));
  }

  subscribe(app, {
    sidecar,
    pubsub,
    topic: { name: outcomeTopic(name), deadLetter: `${outcomeTopic(name)}-dead` },
    source,
    schema: messageSchema(OUTCOME_TYPES),
    handle: createBatcher((batch) => runDetached(() => handle(batch))),
  });
}

/** A refusal is not confirmed, because there is no order that waits for the confirmation. */
const isOrderOutcome = (received: ReceivedMessage<OutcomeMessage>): received is ReceivedMessage<OrderOutcomeMessage> =>
  received.message.type === 'com.standing-order.order-outcome.v1';

function toOutcome({ type, data }: OutcomeMessage): Outcome {
  return type === 'com.standing-order.order-outcome.v1'
    ? { kind: 'settled', order: data.order }
    : { kind: 'refused', detail: data.detail, errors: data.errors };
}

import { type Message, messageSchema, OUTCOME_TYPES, outcomeTopic } from '@standing-order/contracts';
import { type HandlingResult, type ReceivedMessage, type Sidecar, sendReplies, subscribe } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import type { Outstanding } from './request-sender.ts';
import type { Outcome, Records } from './requests.ts';

export interface OutcomesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly name: string;
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly records: Pick<Records, 'read' | 'settle'>;
  readonly outstanding: Pick<Outstanding, 'settle'>;
}

type Reply = Message<(typeof OUTCOME_TYPES)[number]>;
type Settled = Message<'com.standing-order.order-outcome.v1'>;

/** Adds the handler of a client's reply channel: an outcome is stored before it is confirmed, and comes again until then. */
export function outcomeHandler(app: Hono, parts: OutcomesParts): void {
  const { sidecar, pubsub, name, source, records, outstanding } = parts;

  async function hear(batch: readonly ReceivedMessage<Reply>[]): Promise<readonly HandlingResult[]> {
    const heard = new Map<string, Outcome>();
    for (const { message } of batch) {
      const { correlationId: id } = message.data;
      if (id === undefined)
        warnRateLimited('client refused', { ...message.data }, 'a request of unknown id was refused');
      else if (!heard.has(id)) heard.set(id, outcomeOf(message));
    }
    if (!(await records.settle(heard))) return batch.map(() => 'retry');
    await outstanding.settle(await records.read([...heard.keys()]));
    return confirm(batch);
  }

  /** Says that the outcomes arrived. Also of requests that nobody here knows any more: nobody else will say it. */
  async function confirm(batch: readonly ReceivedMessage<Reply>[]): Promise<readonly HandlingResult[]> {
    const received = { type: 'com.standing-order.outcome-received.v1' } as const;
    const confirmed = await sendReplies(parts, batch.filter(isSettled), () => received);
    let next = 0;
    return batch.map((delivery) => (isSettled(delivery) ? (confirmed[next++] ?? 'retry') : 'success'));
  }

  subscribe(app, {
    sidecar,
    pubsub,
    topic: { name: outcomeTopic(name), deadLetter: `${outcomeTopic(name)}-dead` },
    source,
    schema: messageSchema(OUTCOME_TYPES),
    handle: (batch) => runDetached(() => hear(batch)),
  });
}

/** A refusal is not confirmed: there is no order that would wait for it. */
const isSettled = (delivery: ReceivedMessage<Reply>): delivery is ReceivedMessage<Settled> =>
  delivery.message.type === 'com.standing-order.order-outcome.v1';

function outcomeOf({ type, data }: Reply): Outcome {
  return type === 'com.standing-order.order-outcome.v1'
    ? { kind: 'settled', order: data.order }
    : { kind: 'refused', detail: data.detail, errors: data.errors };
}

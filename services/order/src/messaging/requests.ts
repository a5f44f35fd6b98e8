import {
  clientName,
  cloudEvent,
  correlationId,
  type FieldFault,
  messageData,
  outcomeTopic,
  TOPICS,
} from '@standing-order/contracts';
import { createEvent, type HandlingResult, type ReceivedMessage, type Sidecar, subscribe } from '@standing-order/dapr';
import type { Token } from '@standing-order/outbox';
import { faultsOf } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { deterministicUuid } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { z } from 'zod';
import type { Order } from '../domain/order.ts';
import { outcomeOf, SOURCE } from '../outbox/commands.ts';
import type { Asked } from '../styles/messaging.ts';
import type { Placement } from '../styles/style.ts';

const topic = TOPICS['order-requests'];
const [TYPE] = topic.types;

/** As much of a request as it takes to answer it. */
const answerable = cloudEvent.extend({
  type: z.literal(TYPE),
  data: z.looseObject({ replyTo: clientName, correlationId: correlationId.optional().catch(undefined) }),
});
type Request = z.infer<typeof answerable>;

export interface RequestsParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  place(asked: Asked): Promise<Placement>;
}

/**
 * Adds the handler of `order-requests`. A request is done once its order is stored, or its refusal is on its way to the
 * reply channel; one that does not even say where to reply goes to the dead-letter topic.
 */
export function requestHandler(app: Hono, { sidecar, pubsub, clock, place }: RequestsParts): void {
  async function reply(
    { message, context }: ReceivedMessage<Request>,
    kind: 'refused' | 'again',
    content: { readonly type: string; readonly data: unknown },
  ): Promise<HandlingResult> {
    // The same answer to the same request, which may have an id as long as ids can be.
    const id = deterministicUuid('standing-order/request-answer', message.source, message.id, kind);
    const about = { id, source: SOURCE, subject: message.subject, time: clock.wall(), trace: currentTrace(context) };
    const event = createEvent({ ...about, ...content });
    const [taken] = await sidecar.publish(pubsub, outcomeTopic(message.data.replyTo), [{ event }]);
    return taken ? 'success' : 'retry';
  }

  const refuse = (delivery: ReceivedMessage<Request>, detail: string, errors: readonly FieldFault[]) =>
    reply(delivery, 'refused', {
      type: 'com.standing-order.order-request-refused.v1',
      data: { correlationId: delivery.message.data.correlationId, detail, errors },
    });

  /** The client has confirmed this outcome before and asks again, so it has lost it. */
  const repeat = (delivery: ReceivedMessage<Request>, order: Order, received: Token) =>
    reply(delivery, 'again', outcomeOf(order, received));

  async function handle(delivery: ReceivedMessage<Request>): Promise<HandlingResult> {
    const asked = messageData[TYPE].safeParse(delivery.message.data);
    if (!asked.success) return refuse(delivery, 'the request is not valid', faultsOf(asked.error));
    const { request, correlationId, replyTo: client } = asked.data;
    const trace = currentTrace(delivery.context);
    const placement = await place({ request, replyTo: { client, correlationId }, trace });
    switch (placement.outcome) {
      case 'taken':
        return placement.order.received ? repeat(delivery, placement.order, placement.order.received) : 'success';
      case 'key-reused': {
        const fault = { field: 'correlationId', detail: 'belongs to another request' };
        return refuse(delivery, 'this correlation id has been used for another order', [fault]);
      }
      case 'unstorable':
        return refuse(delivery, 'the state store does not accept this order', []);
      default:
        return 'retry';
    }
  }

  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: SOURCE,
    schema: answerable,
    handle: (batch) => Promise.all(batch.map(handle)),
  });
}

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
import { outcomeOf, SOURCE } from '../outbox/command-transport.ts';
import type { TokenSigner } from '../outbox/token-signature.ts';
import type { PlaceOrder } from '../styles/place-order.ts';

const topic = TOPICS['order-requests'];
const [TYPE] = topic.types;

/** The part of a request that a reply needs. A request without it goes to the dead-letter topic. */
const replyableRequest = cloudEvent.extend({
  type: z.literal(TYPE),
  data: z.looseObject({ replyTo: clientName, correlationId: correlationId.optional().catch(undefined) }),
});
type ReceivedRequest = ReceivedMessage<z.infer<typeof replyableRequest>>;

export interface OrderRequestsParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly placeOrder: PlaceOrder;
  readonly tokens: Pick<TokenSigner, 'sign'>;
  /** The message clients that may order. Undefined: any. */
  readonly messageClients?: ReadonlySet<string> | undefined;
}

/** The reason in the dead letter of a request by a client that may not order. */
export const UNKNOWN_CLIENT = 'replyTo is not the name of a message client that may order';

/**
 * Subscribes to `order-requests`. A request is acknowledged when its order is stored, or when its refusal has been published
 * to the reply channel. A request of a client that may not order becomes a dead letter.
 */
export function subscribeToOrderRequests(app: Hono, parts: OrderRequestsParts): void {
  const { sidecar, pubsub, clock, placeOrder, tokens, messageClients } = parts;

  async function reply(
    { message, context }: ReceivedRequest,
    kind: 'refused' | 'again',
    content: { readonly type: string; readonly data: unknown },
  ): Promise<HandlingResult> {
    // A request that arrives again gets a reply with the same id. It is a hash: the request's id may have the maximum length.
    const id = deterministicUuid('standing-order/request-answer', message.source, message.id, kind);
    const attributes = {
      id,
      source: SOURCE,
      subject: message.subject,
      time: clock.wall(),
      trace: currentTrace(context),
    };
    const event = createEvent({ ...attributes, ...content });
    const [isPublished] = await sidecar.publish(pubsub, outcomeTopic(message.data.replyTo), [{ event }]);
    return isPublished ? 'success' : 'retry';
  }

  const refuse = (received: ReceivedRequest, detail: string, errors: readonly FieldFault[]) =>
    reply(received, 'refused', {
      type: 'com.standing-order.order-request-refused.v1',
      data: { correlationId: received.message.data.correlationId, detail, errors },
    });

  /** The client confirmed this outcome before and requests the order again, so it has lost the outcome. */
  const repeatOutcome = (received: ReceivedRequest, order: Order, confirmed: Token) =>
    reply(received, 'again', outcomeOf(order, tokens.sign(confirmed, order.id, 'response')));

  async function handle(received: ReceivedRequest): Promise<HandlingResult> {
    // Any reply, also a refusal, would create the reply channel.
    if (messageClients && !messageClients.has(received.message.data.replyTo)) return { refused: UNKNOWN_CLIENT };
    const parsed = messageData[TYPE].safeParse(received.message.data);
    if (!parsed.success) return refuse(received, 'the request is not valid', faultsOf(parsed.error));
    const { request, correlationId, replyTo, readsBatches } = parsed.data;
    const result = await placeOrder({
      request,
      client: `channel:${replyTo}`,
      replyTo: { client: replyTo, correlationId, ...(readsBatches && { readsBatches }) },
      trace: currentTrace(received.context),
    });
    switch (result.outcome) {
      case 'taken':
        return result.order.received ? repeatOutcome(received, result.order, result.order.received) : 'success';
      case 'key-reused': {
        const fault = { field: 'correlationId', detail: 'belongs to another request' };
        return refuse(received, 'the correlation id was used for another order', [fault]);
      }
      case 'unstorable':
        return refuse(received, 'the state store does not accept this order', []);
      default:
        return 'retry';
    }
  }

  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: SOURCE,
    schema: replyableRequest,
    handle: (batch) => Promise.all(batch.map(handle)),
  });
}

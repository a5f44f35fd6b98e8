import { type Message, outcomeTopic, TOPICS } from '@standing-order/contracts';
import { createEvent, type Publication, type Sidecar } from '@standing-order/dapr';
import type { OutgoingCommand, Token, Transport } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order, ReplyTo } from '../domain/order.ts';
import { viewOf } from '../domain/view.ts';
import type { Channel } from './business.ts';
import { sendInGroups } from './groups.ts';

/** Who this service is in its messages, as a URI reference. */
export const SOURCE = '/order';

export interface CommandsParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
}

type Command = Message<
  | 'com.standing-order.validate-consumer-info.v1'
  | 'com.standing-order.validate-order-details.v1'
  | 'com.standing-order.order-outcome.v1'
  | 'com.standing-order.order-settled.v1'
>;

/** What goes out as a message. */
type Sent = Exclude<Channel, 'index'>;

/** Sends what an order is missing: one bulk publish per topic for a whole batch. */
export function commandTransport({ sidecar, pubsub, clock }: CommandsParts): Transport<Order> {
  async function publish(topic: string, batch: readonly OutgoingCommand<Order>[]): Promise<readonly boolean[]> {
    const now = clock.wall();
    const messages = batch.map((outgoing): Publication => {
      const { document, lane, token } = outgoing;
      const event = createEvent({
        id: `${document.id}-${outgoing.channel}-${token.w}-${token.a}`,
        source: SOURCE,
        subject: document.id,
        time: now,
        trace: document.trace,
        ...commandOf(outgoing),
      });
      return { event, partitionKey: String(lane) };
    });
    return sidecar.publish(pubsub, topic, messages);
  }

  return { send: (batch) => sendInGroups(batch, topicOf, publish) };
}

function topicOf({ channel, document }: OutgoingCommand<Order>): string {
  switch (channel as Sent) {
    case 'consumer':
      return TOPICS['consumer-commands'].name;
    case 'details':
      return TOPICS['restaurant-commands'].name;
    case 'response':
      return outcomeTopic(replyToOf(document).client);
    case 'notification':
      return TOPICS['order-settled'].name;
  }
}

function commandOf({ channel, token, document }: OutgoingCommand<Order>): Pick<Command, 'type' | 'data'> {
  const { consumerId, restaurantId, lines } = document.request;
  const about = { orderId: document.id, token };
  switch (channel as Sent) {
    case 'consumer':
      return { type: 'com.standing-order.validate-consumer-info.v1', data: { ...about, consumerId } };
    case 'details':
      return { type: 'com.standing-order.validate-order-details.v1', data: { ...about, restaurantId, lines } };
    case 'response':
      return outcomeOf(document, token);
    case 'notification':
      return settlementOf(document, token);
  }
}

/** What whoever asked by message hears of the order as it is now. */
export function outcomeOf(
  order: Order,
  token: Token,
): Pick<Message<'com.standing-order.order-outcome.v1'>, 'type' | 'data'> {
  const { correlationId } = replyToOf(order);
  return {
    type: 'com.standing-order.order-outcome.v1',
    data: { orderId: order.id, token, correlationId, order: viewOf(order) },
  };
}

/** What the notification service hears of a settled order. */
function settlementOf(
  order: Order,
  token: Token,
): Pick<Message<'com.standing-order.order-settled.v1'>, 'type' | 'data'> {
  if (order.status === 'PENDING') throw new Error(`the order ${order.id} is not settled`);
  const { total, reasons } = viewOf(order);
  return {
    type: 'com.standing-order.order-settled.v1',
    data: {
      orderId: order.id,
      token,
      consumerId: order.request.consumerId,
      status: order.status,
      ...(total && { total }),
      reasons,
      settledAt: new Date(order.settledAt).toISOString(),
    },
  };
}

function replyToOf({ id, replyTo }: Order): ReplyTo {
  if (replyTo === undefined) throw new Error(`nobody waits for the outcome of order ${id}`);
  return replyTo;
}

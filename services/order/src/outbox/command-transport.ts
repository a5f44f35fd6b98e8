import { type Message, outcomeTopic, TOPICS } from '@standing-order/contracts';
import { type BatchablePublication, createEvent, publishInBatches, type Sidecar } from '@standing-order/dapr';
import type { OutgoingCommand, Token, Transport } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order, ReplyTo } from '../domain/order.ts';
import { viewOf } from '../domain/view.ts';
import { sendInGroups } from './channel-routing.ts';
import type { MessageChannel } from './document-handler.ts';
import type { PartitionKeys } from './partition-keys.ts';
import type { TokenSigner } from './token-signature.ts';

/** The `source` of this service's messages, a URI reference. */
export const SOURCE = '/order';

export interface CommandTransportParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly tokens: Pick<TokenSigner, 'sign'>;
  readonly partitionKeyOf: PartitionKeys;
  /** Maximum number of commands in one batch message. */
  readonly maxEntries: number;
}

type CommandMessage = Message<
  | 'com.standing-order.validate-consumer-info.v1'
  | 'com.standing-order.validate-order-details.v1'
  | 'com.standing-order.order-outcome.v1'
  | 'com.standing-order.order-settled.v1'
>;

/**
 * Publishes the commands of orders: one bulk publish per topic for a whole batch, in as few batch messages as the partition
 * keys allow. A retransmission, a decided order, and an outcome for a client without batches are messages of their own.
 */
export function commandTransport(parts: CommandTransportParts): Transport<Order> {
  const { clock, tokens, partitionKeyOf } = parts;
  async function publish(topic: string, batch: readonly OutgoingCommand<Order>[]): Promise<readonly boolean[]> {
    const now = clock.wall();
    const messages = batch.map((outgoing): BatchablePublication => {
      const { document, lane, token } = outgoing;
      const partitionKey = partitionKeyOf(lane);
      const event = createEvent({
        id: `${document.id}-${outgoing.channel}-${token.w}-${token.a}`,
        source: SOURCE,
        subject: document.id,
        time: now,
        trace: document.trace,
        partitionKey,
        ...contentOf(outgoing, tokens),
      });
      return { event, partitionKey, alone: outgoing.alone || !readsBatches(outgoing) };
    });
    return publishInBatches(parts, topic, messages);
  }

  return { send: (batch) => sendInGroups(batch, topicOf, publish) };
}

function topicOf({ channel, document }: OutgoingCommand<Order>): string {
  switch (channel as MessageChannel) {
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

/** Whether the receiver reads batch messages. Validators do; a message client announces it in its request. */
const readsBatches = ({ channel, document }: OutgoingCommand<Order>): boolean =>
  channel !== 'response' || replyToOf(document).readsBatches === true;

function contentOf(
  { channel, token, document }: OutgoingCommand<Order>,
  tokens: Pick<TokenSigner, 'sign'>,
): Pick<CommandMessage, 'type' | 'data'> {
  const { consumerId, restaurantId, lines } = document.request;
  const own = channel as MessageChannel;
  const about = { orderId: document.id, token: tokens.sign(token, document.id, own) };
  switch (own) {
    case 'consumer':
      return { type: 'com.standing-order.validate-consumer-info.v1', data: { ...about, consumerId } };
    case 'details':
      return { type: 'com.standing-order.validate-order-details.v1', data: { ...about, restaurantId, lines } };
    case 'response':
      return outcomeOf(document, about.token);
    case 'notification':
      return decidedOrderOf(document, about.token);
  }
}

/**
 * The outcome message for the client that placed the order by message: the current state of the order.
 *
 * @param token signed for the channel `response`
 */
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

/** The message about a decided order for the notification service. */
function decidedOrderOf(
  order: Order,
  token: Token,
): Pick<Message<'com.standing-order.order-settled.v1'>, 'type' | 'data'> {
  if (order.status === 'PENDING') throw new Error(`order ${order.id} is not decided yet`);
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
  if (replyTo === undefined) throw new Error(`order ${id} has no reply channel`);
  return replyTo;
}

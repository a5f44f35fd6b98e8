import { type CloudEvent, type Message, type MessageType, topics } from '@standing-order/contracts';
import { type Clock, defaultSettings, laneOf } from '@standing-order/outbox';
import type { Delivery, Publication, Sidecar, Subscription } from '../dapr/index.ts';
import { createEvent } from '../dapr/index.ts';
import { currentTrace } from '../telemetry/index.ts';
import type { Entities } from './store.ts';

/** What validators are asked by message. */
type Command = Message<'com.standing-order.validate-consumer-info.v1' | 'com.standing-order.validate-order-details.v1'>;

export interface AnswerOptions<M, E> {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Name of the sender, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly entities: Pick<Entities<E>, 'getAll'>;
  /** Which entity a command is about. */
  entityOf(message: M): string;
  /** What the entity, or its absence, makes of the command: type and data of the reply. */
  validate(entity: E | undefined, message: M): { readonly type: MessageType; readonly data: object };
}

/**
 * Handles a batch of commands to a validator: reads their entities at once, decides, and sends all replies to
 * `order-replies`. Keeps nothing per order, so a command that comes twice is answered twice, and the order takes the
 * first answer. A command is done when the broker has its reply.
 */
export function answerCommands<M extends Command & CloudEvent, E>(
  options: AnswerOptions<M, E>,
): Subscription<M>['handle'] {
  const { sidecar, pubsub, source, clock, entities, entityOf, validate } = options;

  const replyTo = ({ message, context }: Delivery<M>, found: ReadonlyMap<string, E>): Publication => {
    const { orderId, token } = message.data;
    const { type, data } = validate(found.get(entityOf(message)), message);
    const event = createEvent({
      id: `${message.id}-reply`,
      source,
      type,
      subject: message.subject,
      time: clock.wall(),
      data: { orderId, token, ...data },
      trace: currentTrace(context),
    });
    return { event, partitionKey: String(laneOf(orderId, defaultSettings.lanes)) };
  };

  return async (batch) => {
    const found = await entities.getAll(batch.map(({ message }) => entityOf(message)));
    const replies = batch.map((delivery) => replyTo(delivery, found));
    const sent = await sidecar.publish(pubsub, topics['order-replies'].name, replies);
    return sent.map((taken) => (taken ? 'success' : 'retry'));
  };
}

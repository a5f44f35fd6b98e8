import type { CloudEvent, Message } from '@standing-order/contracts';
import type { Subscription } from '@standing-order/dapr';
import { type RepliesOptions, type ReplyContent, sendReplies } from '@standing-order/dapr';
import type { Entities } from './store.ts';

/** What validators are asked by message. */
type Command = Message<'com.standing-order.validate-consumer-info.v1' | 'com.standing-order.validate-order-details.v1'>;

export interface ReplyToCommandsOptions<M, E> extends RepliesOptions {
  readonly entities: Pick<Entities<E>, 'getAll'>;
  /** Which entity a command is about. */
  entityOf(message: M): string;
  /** What the entity, or its absence, makes of the command. */
  validate(entity: E | undefined, message: M): ReplyContent;
}

/**
 * Handles a batch of commands to a validator: reads their entities at once, decides, and sends all replies. Keeps nothing per
 * order, so a command that comes twice is answered twice, and the order takes the first answer. A command is done when the
 * broker has its reply.
 */
export function replyToCommands<M extends Command & CloudEvent, E>(
  options: ReplyToCommandsOptions<M, E>,
): Subscription<M>['handle'] {
  const { entities, entityOf, validate } = options;
  return async (batch) => {
    const found = await entities.getAll(batch.map(({ message }) => entityOf(message)));
    return sendReplies(options, batch, (message) => validate(found.get(entityOf(message)), message));
  };
}

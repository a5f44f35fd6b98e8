import type { CloudEvent, Message } from '@standing-order/contracts';
import { type RepliesOptions, type ReplyContent, type Subscription, sendReplies } from '@standing-order/dapr';
import type { Entities } from './entities.ts';

/** The commands that services with entities receive. */
type Command = Message<'com.standing-order.validate-consumer-info.v1' | 'com.standing-order.validate-order-details.v1'>;

/** How commands are validated, and where the replies go. */
export interface ReplyToCommandsOptions<M, E> extends RepliesOptions {
  readonly entities: Pick<Entities<E>, 'getAll'>;
  /** The id of the entity that validates the command. */
  entityOf(message: M): string;
  /** The verdict on the command, with the entity or without one. */
  validate(entity: E | undefined, message: M): ReplyContent;
}

/**
 * Handles a batch of commands: reads their entities at once, validates, and sends all replies. It stores no state per order, so
 * a command that is delivered twice gets two replies, and the order uses the first. A command is handled when the broker has
 * accepted its reply.
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

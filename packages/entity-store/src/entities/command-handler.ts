import { type CloudEvent, type Message, TOPICS } from '@standing-order/contracts';
import {
  type Publication,
  type RepliesOptions,
  type ReplyContent,
  type Subscription,
  sendReplies,
} from '@standing-order/dapr';
import { createBatcher } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
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
 * Handles commands: reads their entities, validates, and sends all replies. It stores no state per order, so a command that is
 * delivered twice gets two replies, and the order uses the first. A command is handled when the broker has accepted its reply.
 *
 * The sidecar delivers each message as soon as it arrives, several at a time. Their reads and their replies share calls to the
 * sidecar while an earlier call is in progress.
 */
export function replyToCommands<M extends Command & CloudEvent, E>(
  options: ReplyToCommandsOptions<M, E>,
): Subscription<M>['handle'] {
  const { entities, entityOf, validate, sidecar, pubsub, topic = TOPICS['order-replies'].name } = options;
  const readEntities = createBatcher(async (ids: readonly string[]) => {
    const found = await runDetached(() => entities.getAll(ids));
    return ids.map((id) => found.get(id));
  });
  const publish = createBatcher((replies: readonly Publication[]) =>
    runDetached(() => sidecar.publish(pubsub, topic, replies)),
  );
  const replyOptions = {
    ...options,
    topic,
    sidecar: { publish: (_: string, __: string, all: readonly Publication[]) => publish(all) },
  };
  return async (batch) => {
    const found = await readEntities(batch.map(({ message }) => entityOf(message)));
    const entityByMessage = new Map(batch.map(({ message }, index) => [message, found[index]]));
    return sendReplies(replyOptions, batch, (message) => validate(entityByMessage.get(message), message));
  };
}

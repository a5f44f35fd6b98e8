import type { MessageType } from '@standing-order/contracts';
import { createEvent, type Publication, type Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import type { Change } from './lane-log.ts';
import { changeLane } from './lanes.ts';

/** The topic and the sender of published changes. */
export interface AnnouncerOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly topic: { readonly name: string; readonly types: readonly [MessageType] };
  /** The sender, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
}

const MAX_WAITING = 256;

/**
 * Returns a function that publishes changes, in order and in batches, without making the caller wait. A change that the broker
 * does not accept is not published again, and one above 256 waiting changes is not published: readers get it with their next
 * pull.
 */
export function createAnnouncer<E extends { readonly id: string }>(
  options: AnnouncerOptions,
): (change: Change<E>) => void {
  const { sidecar, pubsub, topic, source, clock } = options;
  let waiting: Publication[] = [];
  let sending = false;

  function publicationOf({ seq, version, entity }: Change<E>): Publication {
    const lane = changeLane(entity.id);
    const event = createEvent({
      // Not the entity's id, which can be as long as an event's id may be.
      id: `lane-${lane}-${seq}`,
      source,
      type: topic.types[0],
      subject: entity.id,
      time: clock.wall(),
      data: { lane, seq, version, entity },
      trace: currentTrace(),
    });
    return { event, partitionKey: String(lane) };
  }

  async function sendWaiting(): Promise<void> {
    sending = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await sidecar.publish(pubsub, topic.name, batch);
    }
    sending = false;
  }

  return (change) => {
    if (waiting.length >= MAX_WAITING) return;
    waiting.push(publicationOf(change));
    if (!sending) void sendWaiting();
  };
}

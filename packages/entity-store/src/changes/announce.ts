import type { MessageType } from '@standing-order/contracts';
import { createEvent, type Publication, type Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { currentTrace } from '@standing-order/service-kit/telemetry';
import { changeLane } from './lanes.ts';
import type { Change } from './log.ts';

export interface AnnouncerOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly topic: { readonly name: string; readonly types: readonly [MessageType] };
  /** Name of the sender, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly clock: Pick<Clock, 'wall'>;
}

const MAX_WAITING = 256;

/**
 * Publishes changes in the order in which they come, many at a time, and lets nobody wait for it. What the broker does not
 * take, or what is too much, is left out: readers find it when they pull.
 */
export function createAnnouncer<E extends { readonly id: string }>(
  options: AnnouncerOptions,
): (change: Change<E>) => void {
  const { sidecar, pubsub, topic, source, clock } = options;
  let waiting: Publication[] = [];
  let sending = false;

  function eventOf({ seq, version, entity }: Change<E>): Publication {
    const lane = changeLane(entity.id);
    const event = createEvent({
      id: `${entity.id}-${version}`,
      source,
      type: topic.types[0],
      subject: entity.id,
      time: clock.wall(),
      data: { lane, seq, version, entity },
      trace: currentTrace(),
    });
    return { event, partitionKey: String(lane) };
  }

  async function send(): Promise<void> {
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
    waiting.push(eventOf(change));
    if (!sending) void send();
  };
}

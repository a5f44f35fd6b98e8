import { messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, sendReplies, subscribe } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { currentTrace, runDetached } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { eventsOf, type Logs } from '../delivery/storage/logs.ts';
import { wants } from '../domain/endpoint.ts';
import { type Event, eventOf } from '../domain/event.ts';
import type { Hooks } from '../endpoints/endpoint-store.ts';
import { gather } from './batching.ts';

/** Who this service is in its messages, as a URI reference. */
const SOURCE = '/notification';
const topic = TOPICS['order-settled'];

export interface SettledParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly hooks: Pick<Hooks, 'all'>;
  readonly logs: { readonly events: Pick<Logs['events'], 'append'> };
  /** There is something new for these webhooks. */
  wake(hooks: readonly string[]): void;
}

/**
 * Adds the handler of `order-settled`. A settlement is noted once it is in the log of every webhook that wants it; before
 * that the order service goes on telling.
 */
export function settledHandler(app: Hono, { sidecar, pubsub, clock, hooks, logs, wake }: SettledParts): void {
  // A log is read and written as a whole at its end: deliveries that come at the same time must not compete for it.
  const log = gather(async (events: readonly Event[]) => {
    const additions = (await hooks.all())
      .map((hook) => ({ hook: hook.id, entries: events.filter((event) => wants(hook, event)) }))
      .filter(({ entries }) => entries.length > 0);
    const added = await logs.events.append(additions.map(({ hook, entries }) => ({ name: eventsOf(hook), entries })));
    if (!added.every(Boolean)) throw new Error('not every webhook has the events in its log');
    wake(additions.map(({ hook }) => hook));
  });

  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: SOURCE,
    schema: messageSchema(topic.types),
    async handle(batch) {
      await runDetached(() => log(batch.map(({ message, context }) => eventOf(message, currentTrace(context)))));
      const noted = { type: 'com.standing-order.settlement-noted.v1' } as const;
      return sendReplies({ sidecar, pubsub, source: SOURCE, clock }, batch, () => noted);
    },
  });
}

import { messageSchema, TOPICS } from '@standing-order/contracts';
import { type Sidecar, sendReplies, subscribe } from '@standing-order/dapr';
import { UnavailableError } from '@standing-order/service-kit/http';
import { type Clock, createBatcher } from '@standing-order/service-kit/runtime';
import { currentTrace, runDetached } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { type EndpointLogs, eventLogKey } from '../delivery/storage/logs.ts';
import { isSubscribedTo } from '../domain/endpoint.ts';
import { eventFromMessage, type WebhookEvent } from '../domain/event.ts';
import type { EndpointStore } from '../endpoints/endpoint-store.ts';

/** CloudEvents source of this service's messages, a URI reference. */
const SOURCE = '/notification';
const topic = TOPICS['order-settled'];

export interface OrderSettledOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  readonly endpoints: Pick<EndpointStore, 'list'>;
  readonly logs: { readonly events: Pick<EndpointLogs['events'], 'append'> };
  /** The event logs of these endpoints have grown. */
  wake(endpoints: readonly string[]): void;
}

/**
 * Subscribes to `order-settled`. The reply `settlement-noted` is sent once the event is in the log of each subscribed endpoint. Until
 * then the order service repeats the message.
 */
export function subscribeToSettledOrders(
  app: Hono,
  { sidecar, pubsub, clock, endpoints, logs, wake }: OrderSettledOptions,
): void {
  // Each append reads and writes the end of a log as a whole, so concurrent messages would conflict.
  const appendEvents = createBatcher(async (events: readonly WebhookEvent[]) => {
    const additions = (await endpoints.list())
      .map((endpoint) => ({ id: endpoint.id, entries: events.filter((event) => isSubscribedTo(endpoint, event)) }))
      .filter(({ entries }) => entries.length > 0);
    const appended = await logs.events.append(additions.map(({ id, entries }) => ({ name: eventLogKey(id), entries })));
    if (!appended.every(Boolean)) throw new UnavailableError('could not append the events to the log of each endpoint');
    wake(additions.map(({ id }) => id));
    return events;
  });

  subscribe(app, {
    sidecar,
    pubsub,
    topic,
    source: SOURCE,
    schema: messageSchema(topic.types),
    async handle(batch) {
      const events = batch.map(({ message, context }) => eventFromMessage(message, currentTrace(context)));
      await runDetached(() => appendEvents(events));
      const noted = { type: 'com.standing-order.settlement-noted.v1' } as const;
      return sendReplies({ sidecar, pubsub, source: SOURCE, clock, alone: 'retransmitted' }, batch, () => noted);
    },
  });
}

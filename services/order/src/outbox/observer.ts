import type { Observer, OutboxStats } from '@standing-order/outbox';
import { logger, meter, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { DECIDED_BEFORE_STORED, type Order } from '../domain/order.ts';
import type { OrderOutbox } from '../domain/ports.ts';
import { recordCommit, recordDecision } from './tracing.ts';

const committed = meter.createCounter('orders.committed', {
  description: 'Orders stored together with their outbox entry',
});
const batches = meter.createCounter('orders.commits', { description: 'Transactions that stored orders' });
const decided = meter.createCounter('orders.settled', { description: 'Orders decided by this replica, by status' });
const ignored = meter.createCounter('orders.answers.ignored', {
  description: 'Verdicts and confirmations without effect on their order, by reason',
});
const events = meter.createCounter('outbox.events', { description: 'Events of the outbox, by name' });

/** Events of a healthy outbox. Any other event may occur thousands of times a second during an outage. */
const ROUTINE_EVENTS: ReadonlySet<string> = new Set([
  'registered',
  'renamed',
  'retired',
  'scanned',
  'registered-again',
]);

function countDecision(order: Order): void {
  decided.add(1, { status: order.status });
  recordDecision(order);
}

/** Turns the reports of the outbox into metrics, logs and spans. */
export const orderObserver: Observer<Order> = {
  committed(batch) {
    committed.add(batch.documents.length);
    batches.add(1);
    recordCommit(batch);
    for (const order of batch.documents) {
      if (order.status !== 'PENDING') countDecision(order);
    }
  },
  completed(order) {
    // An order of a style that decides before storing was counted at its commit.
    if (!DECIDED_BEFORE_STORED[order.style]) countDecision(order);
  },
  ignored(id, reason) {
    ignored.add(1, { reason });
    logger.debug({ order: id, reason }, 'ignored a reply');
  },
  event(name, attributes) {
    events.add(1, { name });
    const fields = { event: name, ...attributes };
    if (ROUTINE_EVENTS.has(name)) logger.info(fields, 'outbox');
    else warnRateLimited(`outbox ${name}`, fields, 'outbox');
  },
};

const GAUGES: readonly (readonly [name: string, description: string, read: (stats: OutboxStats) => number])[] = [
  ['outbox.queued', 'Requests waiting for a commit', ({ queued }) => queued],
  ['outbox.open', 'Order ids in the segments of this replica', ({ open }) => open],
  ['outbox.entries', 'Documents and segments that the relay holds in memory', ({ entries }) => entries],
  ['outbox.waiting', 'Commands waiting for room in a send window', ({ blocked }) => blocked],
  ['outbox.in_flight', 'Commands sent and not acknowledged', ({ inFlight }) => inFlight],
  ['outbox.stuck', 'Parked orders', ({ parked }) => parked],
  ['outbox.adopted', 'Writers that this replica has taken over', ({ takenOver }) => takenOver],
];

/** Publishes the state of the outbox as gauges. */
export function observeStats(outbox: Pick<OrderOutbox, 'stats'>): void {
  for (const [name, description, read] of GAUGES) {
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(read(outbox.stats())));
  }
}

import type { Observer, Outbox, OutboxStats } from '@standing-order/outbox';
import { logger, meter, warnSometimes } from '@standing-order/service-kit/telemetry';
import type { Message } from '../domain/decide.ts';
import { decidedBeforeStored, type Order } from '../domain/order.ts';
import { recordCommit, recordSettlement } from '../tracing.ts';

const committed = meter.createCounter('orders.committed', {
  description: 'Orders stored together with their outbox entry',
});
const batches = meter.createCounter('orders.commits', { description: 'Transactions that stored them' });
const settled = meter.createCounter('orders.settled', { description: 'Orders decided by this replica, by verdict' });
const ignored = meter.createCounter('orders.answers.ignored', {
  description: 'Answers that changed nothing, by reason',
});
const events = meter.createCounter('outbox.events', { description: 'What the outbox reports of itself, by name' });

/** What happens in a healthy outbox too; anything else may come thousands of times a second when something is down. */
const routine: ReadonlySet<string> = new Set(['registered', 'renamed', 'retired', 'scanned', 'registered-again']);

function settledNow(order: Order): void {
  settled.add(1, { status: order.status });
  recordSettlement(order);
}

/** Turns what the outbox reports into metrics, logs and spans. */
export const orderObserver: Observer<Order> = {
  committed(batch) {
    committed.add(batch.documents.length);
    batches.add(1);
    recordCommit(batch);
    for (const order of batch.documents) {
      if (order.status !== 'PENDING') settledNow(order);
    }
  },
  completed(order) {
    // One that was decided before it was stored has been counted; only now is all of its business done.
    if (!decidedBeforeStored[order.style]) settledNow(order);
  },
  ignored(id, reason) {
    ignored.add(1, { reason });
    logger.debug({ order: id, reason }, 'an answer is ignored');
  },
  event(name, attributes) {
    events.add(1, { name });
    const fields = { event: name, ...attributes };
    if (routine.has(name)) logger.info(fields, 'outbox');
    else warnSometimes(`outbox ${name}`, fields, 'outbox');
  },
};

const gauges: readonly (readonly [name: string, description: string, read: (stats: OutboxStats) => number])[] = [
  ['outbox.queued', 'Requests waiting for a commit', ({ queued }) => queued],
  ['outbox.open', 'Ids that the segments of this replica name', ({ open }) => open],
  ['outbox.entries', 'What the relay holds in memory', ({ entries }) => entries],
  ['outbox.waiting', 'Commands waiting for room in a window', ({ blocked }) => blocked],
  ['outbox.in_flight', 'Commands sent and not answered', ({ inFlight }) => inFlight],
  ['outbox.stuck', 'Orders asked about in vain', ({ parked }) => parked],
  ['outbox.adopted', 'Other writers in the care of this one', ({ takenOver }) => takenOver],
];

/** Shows the outbox's state in the metrics. */
export function observeStats(outbox: Pick<Outbox<Order, Message>, 'stats'>): void {
  for (const [name, description, read] of gauges) {
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(read(outbox.stats())));
  }
}

import type { Observer, Outbox, Stats } from '@standing-order/outbox';
import { logger, meter } from '@standing-order/platform/telemetry';
import type { Message } from './order/decide.ts';
import type { Order } from './order/order.ts';
import { recordCommit, recordSettlement } from './tracing.ts';

const committed = meter.createCounter('orders_committed', {
  description: 'Orders stored together with their outbox entry',
});
const batches = meter.createCounter('orders_commits', { description: 'Transactions that stored them' });
const settled = meter.createCounter('orders_settled', { description: 'Orders decided by this replica, by verdict' });
const ignored = meter.createCounter('orders_answers_ignored', {
  description: 'Answers that changed nothing, by reason',
});
const events = meter.createCounter('outbox_events', { description: 'What the outbox reports of itself, by name' });

/** Turns what the outbox reports into metrics, logs and spans. */
export const orderObserver: Observer<Order> = {
  committed(batch) {
    committed.add(batch.documents.length);
    batches.add(1);
    recordCommit(batch);
  },
  settled(order) {
    settled.add(1, { status: order.status });
    recordSettlement(order);
  },
  ignored(id, reason) {
    ignored.add(1, { reason });
    logger.debug({ order: id, reason }, 'an answer is ignored');
  },
  event(name, attributes) {
    events.add(1, { name });
    logger.info({ event: name, ...attributes }, 'outbox');
  },
};

const gauges = {
  outbox_queued: 'Requests waiting for a commit',
  outbox_open: 'Ids that the segments of this replica name',
  outbox_entries: 'What the relay holds in memory',
  outbox_waiting: 'Commands waiting for room in a window',
  outbox_in_flight: 'Commands sent and not answered',
  outbox_stuck: 'Orders asked about in vain',
  outbox_adopted: 'Other writers in the care of this one',
} as const;

/** Shows the outbox's state in the metrics. */
export function observeStats(outbox: Pick<Outbox<Order, Message>, 'stats'>): void {
  const read: Record<keyof typeof gauges, (stats: Stats) => number> = {
    outbox_queued: ({ queued }) => queued,
    outbox_open: ({ open }) => open,
    outbox_entries: ({ entries }) => entries,
    outbox_waiting: ({ waiting }) => waiting,
    outbox_in_flight: ({ inFlight }) => inFlight,
    outbox_stuck: ({ stuck }) => stuck,
    outbox_adopted: ({ adopted }) => adopted,
  };
  for (const [name, description] of Object.entries(gauges)) {
    meter.createObservableGauge(name, { description }).addCallback((result) => {
      result.observe(read[name as keyof typeof gauges](outbox.stats()));
    });
  }
}

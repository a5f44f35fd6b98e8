import { DECIDED_STATUSES } from '@standing-order/contracts';
import type { Observer, OutboxStats, Transport } from '@standing-order/outbox';
import type { Clock } from '@standing-order/service-kit/runtime';
import { countFromZero, logger, meter, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { DECIDED_BEFORE_STORED, type Order } from '../domain/order.ts';
import type { OrderOutbox } from '../domain/ports.ts';
import { recordCommit, recordDecision } from './tracing.ts';

const committed = meter.createCounter('orders.committed', {
  description: 'Orders stored together with their outbox entry',
});
const batches = meter.createCounter('orders.commits', { description: 'Transactions that stored orders' });
const decided = meter.createCounter('orders.settled', { description: 'Orders decided by this replica, by status' });
const untilDecided = meter.createHistogram('orders.settlement.duration', {
  description: 'Time from the order to its decision, by status. An order that waits for its verdicts is not in it yet',
  unit: 's',
  advice: {
    explicitBucketBoundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200, 172_800],
  },
});
const sent = meter.createCounter('orders.commands.sent', {
  description: 'Commands handed to the broker or to the list of orders, by channel; attempt is first or further',
});
countFromZero(committed, {});
countFromZero(decided, ...DECIDED_STATUSES.map((status) => ({ status })));
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
  'store-accepts-writes',
]);

function countDecision(order: Order): void {
  decided.add(1, { status: order.status });
  if (order.status !== 'PENDING')
    untilDecided.record((order.settledAt - order.createdAt) / 1_000, { status: order.status });
  recordDecision(order);
}

/** Counts the commands that the transport took. */
export function countCommands({ send }: Transport<Order>): Transport<Order> {
  return {
    async send(batch) {
      const results = await send(batch);
      for (const [index, { channel, token }] of batch.entries()) {
        if (results[index]) sent.add(1, { channel, attempt: token.a === 1 ? 'first' : 'further' });
      }
      return results;
    },
  };
}

/** Turns the reports of the outbox into metrics, logs and spans. */
export const orderObserver: Observer<Order> = {
  committed(batch) {
    // A repeated request stores no order, and has a span.
    committed.add(batch.inserted.length);
    batches.add(1);
    recordCommit(batch);
    for (const order of batch.inserted) {
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

function observeWaiting(outbox: Pick<OrderOutbox, 'waiting'>, clock: Pick<Clock, 'wall'>): void {
  const waiting = meter.createObservableGauge('orders.waiting', {
    unit: '{order}',
    description: 'Orders whose reply is pending, by channel and state, as far as they are in memory',
  });
  const age = meter.createObservableGauge('orders.waiting.age', {
    unit: 's',
    description: 'Age of the oldest order whose reply is pending, by channel; 0 if there is none',
  });
  const attempts = meter.createObservableGauge('orders.waiting.attempts', {
    unit: '{attempt}',
    description: 'Largest number of times that the command of a waiting order was sent, by channel',
  });
  const nextAttempt = meter.createObservableGauge('orders.waiting.next_attempt', {
    unit: 's',
    description: 'Time until a command without a reply is sent again, by channel; absent if there is none',
  });
  meter.addBatchObservableCallback(
    (result) => {
      const now = clock.wall();
      const secondsUntil = (at: number): number => Math.max(0, at - now) / 1000;
      for (const each of outbox.waiting(0).channels) {
        const { channel } = each;
        result.observe(waiting, each.inFlight, { channel, state: 'in-flight' });
        result.observe(waiting, each.blocked, { channel, state: 'blocked' });
        result.observe(waiting, each.parked, { channel, state: 'parked' });
        result.observe(age, each.oldest === undefined ? 0 : Math.max(0, now - each.oldest) / 1000, { channel });
        result.observe(attempts, each.attempts, { channel });
        if (each.nextAttempt !== undefined) result.observe(nextAttempt, secondsUntil(each.nextAttempt), { channel });
      }
    },
    [waiting, age, attempts, nextAttempt],
  );
}

const GAUGES: readonly (readonly [name: string, description: string, read: (stats: OutboxStats) => number])[] = [
  ['outbox.queued', 'Requests waiting for a commit', ({ queued }) => queued],
  ['outbox.open', 'Order ids in the segments of this replica', ({ open }) => open],
  [
    'outbox.store.refuses_writes',
    '1 while the state store can be read and accepts no writes; new orders are answered 503',
    ({ refusesWrites }) => (refusesWrites ? 1 : 0),
  ],
  ['outbox.entries', 'Documents and segments that the relay holds in memory', ({ entries }) => entries],
  ['outbox.waiting', 'Commands waiting for room in a send window', ({ blocked }) => blocked],
  ['outbox.in_flight', 'Commands sent and not acknowledged', ({ inFlight }) => inFlight],
  ['outbox.stuck', 'Parked orders', ({ parked }) => parked],
  ['outbox.adopted', 'Writers that this replica has taken over', ({ takenOver }) => takenOver],
];

/** Publishes the state of the outbox, and of the waiting orders by channel, as gauges. */
export function observeStats(outbox: Pick<OrderOutbox, 'stats' | 'waiting'>, clock: Pick<Clock, 'wall'>): void {
  observeWaiting(outbox, clock);
  for (const [name, description, read] of GAUGES) {
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(read(outbox.stats())));
  }
}

import type { Settings } from '../src/index.ts';
import { crashes, type Fault, minute, type Nature, randomFaults, randomNature, second, type Time } from './chaos.ts';
import type { OrderPlan } from './clients.ts';
import { createRng, type Rng } from './random.ts';
import type { Dialect } from './store.ts';

/** Everything that is decided before a run starts. */
export interface Schedule {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly slots: number;
  readonly time: Time;
  readonly settings: Partial<Settings>;
  readonly orders: readonly OrderPlan[];
  readonly faults: readonly Fault[];
  /** Everything is healthy from here on, but for pauses and writes still on their way. */
  readonly healsAt: number;
  readonly nature: Nature;
}

/** A tenth to a seventieth of the true ones; what must be longer than what stays so. */
const SHORT: Partial<Settings> = {
  expiryMs: minute,
  uncertainMs: minute,
  retireMs: 20 * minute,
  retireScanMs: 20 * second,
  rescanAfterMs: [10 * second, minute, 5 * minute],
  orphanAgeMs: minute,
  parkedRetryMs: 10 * minute,
};

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Small numbers, so that few orders reach every bound. */
function randomSettings(rng: Rng): Partial<Settings> {
  return {
    lanes: rng.pick([1, 2, 4]),
    window: rng.pick([1, 2, 4, 16]),
    lookAhead: rng.pick([2, 8, 64]),
    cachedSegments: rng.pick([1, 4, 64]),
    reservedNumbers: rng.pick([4, 32, 1024]),
    compactMaxOpen: rng.pick([1, 8, 64]),
    compactRange: rng.pick([2, 16, 1024]),
    batchDocuments: rng.pick([2, 8, 128]),
    deleteBatch: rng.pick([1, 8, 128]),
    readBatch: rng.pick([2, 16, 128]),
    sendBatch: rng.pick([1, 8, 128]),
    replyBatch: rng.pick([1, 8, 128]),
    orphansRemembered: rng.pick([2, 100]),
    cleanAnswers: rng.pick([3, 100]),
    isolateAfter: rng.pick([2, 4]),
    setAsideAfter: rng.pick([1, 3]),
    sharedEvidence: rng.pick([false, true]),
  };
}

/** Bursts, some of them just when something breaks, and stragglers. */
function randomOrders(rng: Rng, until: number, faults: readonly Fault[]): OrderPlan[] {
  const count = rng.span(5, 60);
  const breaks = faults.map(({ at }) => at);
  const burst = () => (breaks.length > 0 && rng.chance(0.6) ? rng.pick(breaks) : rng.next() * until);
  const bursts = Array.from({ length: rng.int(1, 4) }, burst);
  return Array.from({ length: count }, (_, i) => {
    const at = rng.chance(0.5) ? rng.pick(bursts) + rng.int(0, 100) : rng.next() * until;
    const later = (probability: number, name: string) =>
      rng.chance(probability) ? { [name]: rng.span(100, until) } : {};
    return {
      at,
      id: `x${i}`,
      copies: rng.chance(0.2) ? rng.int(2, 4) : 1,
      rival: rng.chance(0.1),
      retries: rng.pick([0, 0, 1, 5]),
      poison: rng.chance(0.02),
      ...(rng.chance(0.2) ? { expires: rng.span(10 * second, 10 * minute) } : {}),
      ...later(0.3, 'readAfter'),
      ...later(0.3, 'againAfter'),
      ...later(0.3, 'eraseAfter'),
    };
  });
}

/** In four of ten schedules, orders that the store does not take for a while, or ever. */
function withStubborn(rng: Rng, orders: readonly OrderPlan[], until: number): readonly OrderPlan[] {
  if (!rng.chance(0.4)) return orders;
  return orders.map((order) => {
    if (!rng.chance(0.05)) return order;
    return { ...order, stubbornUntil: rng.chance(0.5) ? FOR_EVER : order.at + rng.span(2 * second, until) };
  });
}

/** The schedule of a seed, in three of ten a drill in crashing; the same for ever, or until this file changes. */
export function createSchedule(seed: number): Schedule {
  const rng = createRng(seed).fork('schedule');
  const time = rng.chance(0.7) ? 'true' : 'short';
  const slots = rng.pick([1, 2, 2, 3, 4]);
  const drill = rng.chance(0.3);
  const healsAt = rng.span(20 * second, drill ? minute : time === 'true' ? 10 * minute : 40 * minute);
  const faults = (drill ? crashes : randomFaults)(rng.fork('faults'), time, slots, healsAt);
  return {
    seed,
    dialect: rng.pick(['redis', 'redis', 'postgresql']),
    slots,
    time,
    settings: {
      ...(time === 'short' ? SHORT : {}),
      ...(rng.chance(0.7) ? randomSettings(rng.fork('settings')) : {}),
    },
    orders: withStubborn(rng.fork('stubborn'), randomOrders(rng.fork('orders'), 0.9 * healsAt, faults), healsAt),
    faults,
    healsAt,
    nature: randomNature(rng.fork('nature'), time, healsAt),
  };
}

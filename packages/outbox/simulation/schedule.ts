import type { Settings } from '../src/index.ts';
import { MINUTE, SECOND } from '../src/util/time.ts';
import type { Batching } from './broker.ts';
import type { OrderPlan } from './clients.ts';
import { createRng, type Rng } from './random.ts';
import {
  type Fault,
  type ProcessProfiles,
  randomCrashes,
  randomFaults,
  randomProfiles,
  type TimeScale,
} from './random-faults.ts';
import type { Dialect } from './store.ts';

/** Everything that is determined before a run starts. */
export interface Schedule {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly slots: number;
  readonly timeScale: TimeScale;
  readonly settings: Partial<Settings>;
  readonly batching: Batching;
  readonly orders: readonly OrderPlan[];
  readonly faults: readonly Fault[];
  /** All faults end here, except for pauses and writes in flight. */
  readonly healsAt: number;
  readonly profiles: ProcessProfiles;
  /** Seconds for which a complete order is kept. Undefined: for ever. */
  readonly retentionSeconds?: number;
  /** The retention may be shorter than a pause, or than the time for which a write is in flight. */
  readonly mayRevive?: boolean;
}

/** A tenth to a seventieth of the production values, in the same order of size. */
const SHORT_TIMES: Partial<Settings> = {
  expiryMs: MINUTE,
  uncertainMs: MINUTE,
  retireMs: 20 * MINUTE,
  retireScanMs: 20 * SECOND,
  rescanAfterMs: [10 * SECOND, MINUTE, 5 * MINUTE],
  orphanAgeMs: MINUTE,
  parkedRetryMs: 10 * MINUTE,
};

const FOREVER = Number.MAX_SAFE_INTEGER;

/** Small numbers, so that few orders reach every limit. */
function randomSettings(rng: Rng): Partial<Settings> {
  const settings = {
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
    cleanReplies: rng.pick([3, 100]),
    isolateAfter: rng.pick([2, 4]),
    setAsideAfter: rng.pick([1, 3]),
    sharedEvidence: rng.pick([false, true]),
    fillMs: rng.pick([0, 200]),
  };
  // As with Kafka: commands wait, held replies are answered, and replies join two writes at a time.
  const kafka = { holdMs: 200, answerHeld: true, replyWrites: 2, joinWrites: true };
  return settings.fillMs === 0 ? settings : { ...settings, ...kafka };
}

function randomBatching(rng: Rng): Batching {
  return { groups: rng.pick([1, 2, 64]), maxEntries: rng.pick([1, 4, 128, 128]) };
}

/** Bursts, some of them at the time of a fault, and single orders. */
function randomOrders(rng: Rng, until: number, faults: readonly Fault[]): OrderPlan[] {
  const count = rng.logUniform(5, 60);
  const breaks = faults.map(({ at }) => at);
  const burst = () => (breaks.length > 0 && rng.chance(0.6) ? rng.pick(breaks) : rng.next() * until);
  const bursts = Array.from({ length: rng.int(1, 4) }, burst);
  return Array.from({ length: count }, (_, i) => {
    const at = rng.chance(0.5) ? rng.pick(bursts) + rng.int(0, 100) : rng.next() * until;
    const later = (probability: number, name: string) =>
      rng.chance(probability) ? { [name]: rng.logUniform(100, until) } : {};
    return {
      at,
      id: `x${i}`,
      copies: rng.chance(0.2) ? rng.int(2, 4) : 1,
      rival: rng.chance(0.1),
      retries: rng.pick([0, 0, 1, 5]),
      invalid: rng.chance(0.02),
      ...(rng.chance(0.2) ? { expires: rng.logUniform(10 * SECOND, 10 * MINUTE) } : {}),
      ...later(0.3, 'readAfter'),
      ...later(0.3, 'againAfter'),
      ...later(0.3, 'eraseAfter'),
    };
  });
}

/** In four of ten schedules: orders that the store does not accept for a while, or ever. */
function withRejected(rng: Rng, orders: readonly OrderPlan[], until: number): readonly OrderPlan[] {
  if (!rng.chance(0.4)) return orders;
  return orders.map((order) => {
    if (!rng.chance(0.05)) return order;
    return { ...order, rejectedUntil: rng.chance(0.5) ? FOREVER : order.at + rng.logUniform(2 * SECOND, until) };
  });
}

/** The first processes of a run, which have pauses at chosen awaits. */
const PAUSED_PROCESSES = [1, 2, 3, 4];

/**
 * Seconds that are longer than any time for which a process works with an old document, or a write is in flight: all
 * pauses, the longest fault of the store and the latest write. A shorter retention is a misconfiguration.
 */
function retentionFor(rng: Rng, faults: readonly Fault[], profiles: ProcessProfiles): number {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const pauses = faults.map((fault) => (fault.kind === 'pause' ? fault.ms : 0));
  const held = PAUSED_PROCESSES.map((n) => sum(profiles(n).pauses.map(({ ms }) => ms)));
  const rates = faults.map((fault) => (fault.kind === 'rates' ? fault.ms + (fault.change.lateUpTo ?? 0) : 0));
  const disturbed = sum(pauses) + sum(held) + Math.max(0, ...rates);
  return Math.ceil((disturbed + MINUTE) / SECOND) + rng.logUniform(1, 120);
}

/** Requests for one id after the first, which find its order stored, or place a new one. */
const MAX_REPETITIONS = 4;

/** A schedule with a retention of any length: an order may expire while any process or message still refers to it. */
export function createExpirySchedule(seed: number): Schedule {
  const schedule = createSchedule(seed);
  const rng = createRng(seed).fork('expiry');
  const { retentionSeconds: longest = MINUTE, healsAt } = schedule;
  const longestMs = 1000 * longest;
  const retentionMs = rng.pick([
    rng.logUniform(20, SECOND),
    rng.logUniform(SECOND, MINUTE),
    rng.logUniform(SECOND, Math.min(longestMs, 10 * MINUTE)),
    rng.logUniform(SECOND, longestMs),
  ]);
  const again = schedule.orders.flatMap((order) => {
    if (rng.chance(0.3)) return [];
    return Array.from({ length: rng.int(1, MAX_REPETITIONS) }, () => ({
      ...order,
      at: order.at + rng.logUniform(100, Math.max(healsAt, 4 * retentionMs)),
    }));
  });
  const orders = [...schedule.orders, ...again.filter(({ at }) => at < healsAt)];
  return { ...schedule, orders, retentionSeconds: retentionMs / 1000, mayRevive: true };
}

/** The schedule of a seed; three of ten contain only crashes. It is the same for ever, or until this file changes. */
export function createSchedule(seed: number): Schedule {
  const rng = createRng(seed).fork('schedule');
  const time = rng.chance(0.7) ? 'production' : 'short';
  const slots = rng.pick([1, 2, 2, 3, 4]);
  const onlyCrashes = rng.chance(0.3);
  const healsAt = rng.logUniform(20 * SECOND, onlyCrashes ? MINUTE : time === 'production' ? 10 * MINUTE : 40 * MINUTE);
  const profiles = randomProfiles(rng.fork('nature'), time, healsAt);
  const faults = (onlyCrashes ? randomCrashes : randomFaults)(rng.fork('faults'), time, slots, healsAt);
  return {
    seed,
    dialect: rng.pick(['redis', 'redis', 'postgresql']),
    slots,
    timeScale: time,
    settings: {
      ...(time === 'short' ? SHORT_TIMES : {}),
      ...(rng.chance(0.7) ? randomSettings(rng.fork('settings')) : {}),
    },
    batching: randomBatching(rng.fork('batching')),
    orders: withRejected(rng.fork('stubborn'), randomOrders(rng.fork('orders'), 0.9 * healsAt, faults), healsAt),
    faults,
    healsAt,
    profiles,
    retentionSeconds: retentionFor(rng.fork('retention'), faults, profiles),
  };
}

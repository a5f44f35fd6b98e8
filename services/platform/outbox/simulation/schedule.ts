import type { Settings } from '../src/index.ts';
import type { OrderPlan } from './clients.ts';
import type { AwaitKind, ClockFault, PauseAt } from './process.ts';
import { createRng, type Rng } from './random.ts';
import type { Dialect } from './store.ts';
import { CHANNELS, type Validator, type Weather } from './weather.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

export type Fault = { readonly at: number } & (
  | { readonly kind: 'kill' | 'leave'; readonly slot: number; readonly backAfter: number }
  | { readonly kind: 'pause'; readonly slot: number; readonly ms: number; readonly clockRuns: boolean }
  | { readonly kind: 'jump'; readonly slot: number; readonly ms: number }
  | { readonly kind: 'wipe' }
  | { readonly kind: 'validator'; readonly channel: string; readonly ms: number; readonly change: Partial<Validator> }
  | { readonly kind: 'weather'; readonly ms: number; readonly change: Partial<Weather> }
);

/** Everything that is decided before a run starts. */
export interface Schedule {
  readonly seed: number;
  readonly dialect: Dialect;
  readonly slots: number;
  /** `true`: the durations of production. `short`: a night lasts minutes, so that writers retire within a cheap run. */
  readonly time: 'true' | 'short';
  readonly settings: Partial<Settings>;
  readonly orders: readonly OrderPlan[];
  readonly faults: readonly Fault[];
  /** Everything is healthy from here on, but for pauses and writes still on their way. */
  readonly healsAt: number;
  readonly nature: (n: number) => { readonly clock: ClockFault; readonly pauses: readonly PauseAt[] };
}

/** A tenth to a seventieth of the true ones; what must be longer than what stays so. */
const SHORT: Partial<Settings> = {
  guardMs: minute,
  retireMs: 20 * minute,
  retireLookMs: 20 * second,
  lookAgainMs: [10 * second, minute, 5 * minute],
  enlistAgeMs: minute,
  stuckRetryMs: 10 * minute,
};

/** Small numbers, so that few orders reach every bound. */
function randomSettings(rng: Rng): Partial<Settings> {
  return {
    lanes: rng.pick([1, 2, 4]),
    window: rng.pick([1, 2, 4, 16]),
    lookAhead: rng.pick([2, 8, 64]),
    freshSegments: rng.pick([1, 4, 64]),
    reserve: rng.pick([4, 32, 1024]),
    carryFew: rng.pick([1, 8, 64]),
    carryRange: rng.pick([2, 16, 1024]),
    batchDocuments: rng.pick([2, 8, 128]),
    deleteBatch: rng.pick([1, 8, 128]),
    readBatch: rng.pick([2, 16, 128]),
    sendBatch: rng.pick([1, 8, 128]),
    recordBatch: rng.pick([1, 8, 128]),
    enlistRemembered: rng.pick([2, 100]),
    cleanAnswers: rng.pick([3, 100]),
  };
}

/** Also the two days of a suspended machine, which the short time turns into twice its night. */
function pauseLength(rng: Rng, time: Schedule['time']): number {
  const night = time === 'true' ? 2 * day : 40 * minute;
  const long = time === 'true' ? hour : 3 * minute;
  return rng.pick([second, second, rng.span(second, minute), rng.span(10 * second, 2 * minute), long, night]);
}

function weatherFault(rng: Rng, latest: number): Partial<Weather> {
  const often = () => rng.span(1, 50) / 100;
  return rng.pick<() => Partial<Weather>>([
    () => ({ store: 'down' }),
    () => ({ store: 'frozen' }),
    () => ({ store: 'full' }),
    () => ({ storeLatency: rng.int(100, 2800) }),
    () => ({ requestLost: often(), answerLost: often() }),
    () => ({ late: often(), lateUpTo: rng.span(second, latest), partial: 0.3 }),
    () => ({ late: often(), lateUpTo: latest }),
    () => ({ partial: often() }),
    () => ({ twice: often(), lateUpTo: rng.span(second, latest) }),
    () => ({ readFails: often(), torn: 0.5 }),
    () => ({ broker: 'down' }),
    () => ({ dropped: often() }),
    () => ({ doubled: often(), delayed: often(), delayUpTo: rng.span(second, 5 * minute) }),
  ])();
}

function randomFaults(rng: Rng, time: Schedule['time'], slots: number, until: number): Fault[] {
  const latest = time === 'true' ? 10 * minute : 30 * minute;
  const slot = () => rng.int(1, slots);
  const lasts = () => rng.span(second, until);
  const kinds: readonly ((at: number) => Fault)[] = [
    (at) => ({ at, kind: 'kill', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'leave', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'pause', slot: slot(), ms: pauseLength(rng, time), clockRuns: rng.chance(0.5) }),
    (at) => ({ at, kind: 'jump', slot: slot(), ms: rng.pick([-1, 1]) * rng.span(second, hour) }),
    (at) => ({ at, kind: 'wipe' }),
    (at) => ({ at, kind: 'validator', channel: rng.pick(CHANNELS), ms: lasts(), change: validatorFault(rng) }),
    (at) => ({ at, kind: 'weather', ms: lasts() / 2, change: weatherFault(rng, latest) }),
    (at) => ({ at, kind: 'weather', ms: lasts() / 2, change: weatherFault(rng, latest) }),
  ];
  const faults = kinds.flatMap((make) =>
    rng.chance(0.4) ? Array.from({ length: rng.int(1, 3) }, () => make(rng.next() * until)) : [],
  );
  return faults.sort((a, b) => a.at - b.at);
}

function validatorFault(rng: Rng): Partial<Validator> {
  return rng.pick<() => Partial<Validator>>([
    () => ({ state: 'down' }),
    () => ({ state: 'burning' }),
    () => ({ takes: rng.span(second, 2 * minute) }),
    () => ({ failing: rng.span(1, 90) / 100 }),
  ])();
}

function randomOrders(rng: Rng, until: number): OrderPlan[] {
  const count = rng.span(5, 60);
  const bursts = Array.from({ length: rng.int(1, 4) }, () => rng.next() * until);
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

function randomNature(rng: Rng, time: Schedule['time'], before: number): Schedule['nature'] {
  const held = rng.chance(0.5);
  const wrong = rng.chance(0.5);
  return (n) => {
    const own = rng.fork(`nature ${n}`);
    const clock = wrong
      ? { offset: own.pick([0, -hour, hour, -3 * second]), rate: own.pick([0.99, 1, 1.01]) }
      : { offset: 0, rate: 1 };
    const pauses = Array.from(
      { length: held && n <= 4 ? own.int(1, 3) : 0 },
      (): PauseAt => ({
        kind: own.pick<AwaitKind>(['transact', 'transact', 'read', 'write', 'send', 'timer']),
        side: own.pick(['request', 'answer']),
        ordinal: own.span(1, 300),
        ms: pauseLength(own, time),
        clockRuns: own.chance(0.5),
        before,
      }),
    );
    return { clock, pauses };
  };
}

/** The schedule of a seed; the same for ever, or until this file changes. */
export function createSchedule(seed: number): Schedule {
  const rng = createRng(seed).fork('schedule');
  const time = rng.chance(0.7) ? 'true' : 'short';
  const slots = rng.pick([1, 2, 2, 3, 4]);
  const healsAt = rng.span(20 * second, time === 'true' ? 10 * minute : 40 * minute);
  return {
    seed,
    dialect: rng.pick(['redis', 'redis', 'postgresql']),
    slots,
    time,
    settings: { ...(time === 'short' ? SHORT : {}), ...(rng.chance(0.7) ? randomSettings(rng.fork('settings')) : {}) },
    orders: randomOrders(rng.fork('orders'), 0.9 * healsAt),
    faults: randomFaults(rng.fork('faults'), time, slots, healsAt),
    healsAt,
    nature: randomNature(rng.fork('nature'), time, healsAt),
  };
}

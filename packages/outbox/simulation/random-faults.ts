import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import { CHANNELS, type FaultRates, type ValidatorFaults } from './fault-rates.ts';
import type { AwaitKind, ClockFault, PlannedPause } from './process.ts';
import type { Rng } from './random.ts';

const DAY = 24 * HOUR;

/** One fault and its time, in milliseconds of simulated time. */
export type Fault = { readonly at: number } & (
  | { readonly kind: 'kill' | 'leave'; readonly slot: number; readonly backAfter: number }
  | { readonly kind: 'pause'; readonly slot: number; readonly ms: number; readonly clockRuns: boolean }
  | { readonly kind: 'jump'; readonly slot: number; readonly ms: number }
  | { readonly kind: 'wipe' }
  | {
      readonly kind: 'validator';
      readonly channel: string;
      readonly ms: number;
      readonly change: Partial<ValidatorFaults>;
    }
  | { readonly kind: 'rates'; readonly ms: number; readonly change: Partial<FaultRates> }
);

/**
 * `production`: the durations of production. `short`: a long pause lasts minutes, so that writers retire within a short run.
 */
export type TimeScale = 'production' | 'short';

/** Properties of the n-th process: its clocks, and the awaits at which it is paused or dies. */
export type ProcessProfiles = (n: number) => { readonly clock: ClockFault; readonly pauses: readonly PlannedPause[] };

/** Includes the two days of a suspended machine, which the short time scale replaces by 40 minutes. */
function pauseLength(rng: Rng, time: TimeScale): number {
  const longest = time === 'production' ? 2 * DAY : 40 * MINUTE;
  const long = time === 'production' ? HOUR : 3 * MINUTE;
  return rng.pick([
    SECOND,
    SECOND,
    rng.logUniform(SECOND, MINUTE),
    rng.logUniform(10 * SECOND, 2 * MINUTE),
    long,
    longest,
  ]);
}

function randomRates(rng: Rng, latest: number): Partial<FaultRates> {
  const often = () => rng.logUniform(1, 50) / 100;
  return rng.pick<() => Partial<FaultRates>>([
    () => ({ store: 'down' }),
    () => ({ store: 'paused' }),
    () => ({ store: 'full' }),
    () => ({ storeLatency: rng.int(100, 2800) }),
    () => ({ requestLost: often(), resultLost: often() }),
    () => ({ writeLost: rng.pick([0.5, 1]) }),
    () => ({ late: often(), lateUpTo: rng.logUniform(SECOND, latest), partial: 0.3 }),
    () => ({ late: often(), lateUpTo: latest }),
    () => ({ partial: often() }),
    () => ({ repeated: often(), lateUpTo: rng.logUniform(SECOND, latest) }),
    () => ({ readFails: often(), torn: 0.5 }),
    () => ({ broker: 'down' }),
    () => ({ dropped: often() }),
    () => ({ oldVersion: rng.pick([0.5, 1]) }),
    () => ({ doubled: often(), delayed: often(), delayUpTo: rng.logUniform(SECOND, 5 * MINUTE) }),
  ])();
}

/**
 * A process dies with writes in flight, possibly as the last fault, and the writers that take over may find a failing
 * store.
 */
function crash(rng: Rng, until: number, slot: number, latest: number): Fault[] {
  const ms = rng.logUniform(200, 5 * SECOND);
  const at = rng.chance(0.4) ? until - ms - 1 : rng.next() * until;
  const backAfter = rng.logUniform(SECOND, until);
  const kill: Fault = { at: at + ms, kind: 'kill', slot, backAfter };
  const lateUpTo = rng.logUniform(20 * SECOND, latest);
  const lateFrom = rng.pick([100, 15 * SECOND, 0.8 * lateUpTo]);
  const late = rng.pick<Partial<FaultRates>>([
    { late: rng.pick([0.5, 1]), partial: rng.pick([0, 0.5, 1]), lateFrom, lateUpTo },
    { lateTransactions: 1, partial: rng.pick([0, 0.5]), lateFrom, lateUpTo },
    { lateTransactions: 0.5, partial: 1, killRate: 1, lateFrom: Math.max(lateFrom, 15 * SECOND), lateUpTo },
  ]);
  const stall: Fault = { at, kind: 'rates', ms, change: late };
  const after = at + ms + rng.logUniform(SECOND, 15 * SECOND);
  const unreliable: Fault = { at: after, kind: 'rates', ms: 30 * SECOND, change: { partial: 0.3, requestLost: 0.2 } };
  return [...(rng.chance(0.8) ? [stall] : []), kill, ...(rng.chance(0.5) ? [unreliable] : [])];
}

/** Only crashes, shortly one after the other. */
export function randomCrashes(rng: Rng, time: TimeScale, slots: number, until: number): Fault[] {
  const some = Array.from({ length: rng.int(1, 3) }, () => crash(rng, until, rng.int(1, slots), latestWrite(time)));
  return some
    .flat()
    .filter(({ at }) => at < until)
    .sort((a, b) => a.at - b.at);
}

function latestWrite(time: TimeScale): number {
  return time === 'production' ? 10 * MINUTE : 30 * MINUTE;
}

/** Random faults of all kinds. */
export function randomFaults(rng: Rng, time: TimeScale, slots: number, until: number): Fault[] {
  const latest = latestWrite(time);
  const slot = () => rng.int(1, slots);
  const lasts = () => rng.logUniform(SECOND, until);
  const rates = (at: number): Fault => ({ at, kind: 'rates', ms: lasts() / 2, change: randomRates(rng, latest) });
  const kinds: readonly ((at: number) => Fault | Fault[])[] = [
    () => crash(rng, until, slot(), latest),
    (at) => ({ at, kind: 'kill', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'leave', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'pause', slot: slot(), ms: pauseLength(rng, time), clockRuns: rng.chance(0.5) }),
    (at) => ({ at, kind: 'jump', slot: slot(), ms: rng.pick([-1, 1]) * rng.logUniform(SECOND, HOUR) }),
    (at) => ({ at, kind: 'wipe' }),
    (at) => ({ at, kind: 'validator', channel: rng.pick(CHANNELS), ms: lasts(), change: randomValidatorFaults(rng) }),
    rates,
    rates,
  ];
  const faults = kinds.flatMap((make) =>
    rng.chance(0.4) ? Array.from({ length: rng.int(1, 3) }, () => make(rng.next() * until)).flat() : [],
  );
  return faults.filter(({ at }) => at < until).sort((a, b) => a.at - b.at);
}

function randomValidatorFaults(rng: Rng): Partial<ValidatorFaults> {
  return rng.pick<() => Partial<ValidatorFaults>>([
    () => ({ state: 'down' }),
    () => ({ state: 'losing' }),
    () => ({ maxDelay: rng.logUniform(SECOND, 2 * MINUTE) }),
    () => ({ dropRate: rng.logUniform(1, 90) / 100 }),
    () => ({ poison: rng.pick([2, 10, 40]) }),
    () => ({ oldVersion: rng.pick([0.5, 1]) }),
  ])();
}

/** Clock faults, and pauses and deaths at chosen awaits, for the first few processes. */
export function randomProfiles(rng: Rng, time: TimeScale, before: number): ProcessProfiles {
  const held = rng.chance(0.5);
  const wrong = rng.chance(0.5);
  return (n) => {
    const own = rng.fork(`nature ${n}`);
    const clock = wrong
      ? { offset: own.pick([0, -HOUR, HOUR, -3 * SECOND]), rate: own.pick([0.99, 1, 1.01]) }
      : { offset: 0, rate: 1 };
    const pauses = Array.from(
      { length: held && n <= 4 ? own.int(1, 3) : 0 },
      (): PlannedPause => ({
        kind: own.pick<AwaitKind>(['transact', 'transact', 'read', 'write', 'send', 'timer']),
        side: own.pick(['request', 'result']),
        ordinal: own.logUniform(1, 300),
        ms: pauseLength(own, time),
        dies: own.chance(0.3),
        clockRuns: own.chance(0.5),
        before,
      }),
    );
    return { clock, pauses };
  };
}

import type { AwaitKind, ClockFault, PauseAt } from './process.ts';
import type { Rng } from './random.ts';
import { CHANNELS, type Validator, type Weather } from './weather.ts';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
const day = 24 * hour;

export type Fault = { readonly at: number } & (
  | { readonly kind: 'kill' | 'leave'; readonly slot: number; readonly backAfter: number }
  | { readonly kind: 'pause'; readonly slot: number; readonly ms: number; readonly clockRuns: boolean }
  | { readonly kind: 'jump'; readonly slot: number; readonly ms: number }
  | { readonly kind: 'wipe' }
  | { readonly kind: 'validator'; readonly channel: string; readonly ms: number; readonly change: Partial<Validator> }
  | { readonly kind: 'weather'; readonly ms: number; readonly change: Partial<Weather> }
);

/** `true`: the durations of production. `short`: a night lasts minutes, so that writers retire within a cheap run. */
export type Time = 'true' | 'short';

/** What a process is born with: its clocks, and the awaits at which it is held or dies. */
export type Nature = (n: number) => { readonly clock: ClockFault; readonly pauses: readonly PauseAt[] };

/** Also the two days of a suspended machine, which the short time turns into twice its night. */
function pauseLength(rng: Rng, time: Time): number {
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
    () => ({ writeLost: rng.pick([0.5, 1]) }),
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

/** A process dies with writes still on their way, maybe as the last thing, and its adopters may find a failing store. */
function crash(rng: Rng, until: number, slot: number, latest: number): Fault[] {
  const ms = rng.span(200, 5 * second);
  const at = rng.chance(0.4) ? until - ms - 1 : rng.next() * until;
  const backAfter = rng.span(second, until);
  const kill: Fault = { at: at + ms, kind: 'kill', slot, backAfter };
  const lateUpTo = rng.span(20 * second, latest);
  const lateFrom = rng.pick([100, 15 * second, 0.8 * lateUpTo]);
  const late = rng.pick<Partial<Weather>>([
    { late: rng.pick([0.5, 1]), partial: rng.pick([0, 0.5, 1]), lateFrom, lateUpTo },
    { lateBatches: 1, partial: rng.pick([0, 0.5]), lateFrom, lateUpTo },
    { lateBatches: 0.5, partial: 1, deadly: 1, lateFrom: Math.max(lateFrom, 15 * second), lateUpTo },
  ]);
  const stall: Fault = { at, kind: 'weather', ms, change: late };
  const after = at + ms + rng.span(second, 15 * second);
  const unlucky: Fault = { at: after, kind: 'weather', ms: 30 * second, change: { partial: 0.3, requestLost: 0.2 } };
  return [...(rng.chance(0.8) ? [stall] : []), kill, ...(rng.chance(0.5) ? [unlucky] : [])];
}

/** Nothing but crashes, one shortly after the other. */
export function crashes(rng: Rng, time: Time, slots: number, until: number): Fault[] {
  const some = Array.from({ length: rng.int(1, 3) }, () => crash(rng, until, rng.int(1, slots), latestLanding(time)));
  return some
    .flat()
    .filter(({ at }) => at < until)
    .sort((a, b) => a.at - b.at);
}

function latestLanding(time: Time): number {
  return time === 'true' ? 10 * minute : 30 * minute;
}

export function randomFaults(rng: Rng, time: Time, slots: number, until: number): Fault[] {
  const latest = latestLanding(time);
  const slot = () => rng.int(1, slots);
  const lasts = () => rng.span(second, until);
  const weather = (at: number): Fault => ({ at, kind: 'weather', ms: lasts() / 2, change: weatherFault(rng, latest) });
  const kinds: readonly ((at: number) => Fault | Fault[])[] = [
    () => crash(rng, until, slot(), latest),
    (at) => ({ at, kind: 'kill', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'leave', slot: slot(), backAfter: lasts() }),
    (at) => ({ at, kind: 'pause', slot: slot(), ms: pauseLength(rng, time), clockRuns: rng.chance(0.5) }),
    (at) => ({ at, kind: 'jump', slot: slot(), ms: rng.pick([-1, 1]) * rng.span(second, hour) }),
    (at) => ({ at, kind: 'wipe' }),
    (at) => ({ at, kind: 'validator', channel: rng.pick(CHANNELS), ms: lasts(), change: validatorFault(rng) }),
    weather,
    weather,
  ];
  const faults = kinds.flatMap((make) =>
    rng.chance(0.4) ? Array.from({ length: rng.int(1, 3) }, () => make(rng.next() * until)).flat() : [],
  );
  return faults.filter(({ at }) => at < until).sort((a, b) => a.at - b.at);
}

function validatorFault(rng: Rng): Partial<Validator> {
  return rng.pick<() => Partial<Validator>>([
    () => ({ state: 'down' }),
    () => ({ state: 'burning' }),
    () => ({ takes: rng.span(second, 2 * minute) }),
    () => ({ failing: rng.span(1, 90) / 100 }),
  ])();
}

/** Clocks that are off, and pauses and deaths at chosen awaits, for the first few processes. */
export function randomNature(rng: Rng, time: Time, before: number): Nature {
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
        dies: own.chance(0.3),
        clockRuns: own.chance(0.5),
        before,
      }),
    );
    return { clock, pauses };
  };
}

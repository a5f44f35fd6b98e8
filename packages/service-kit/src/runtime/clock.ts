import { randomFillSync } from 'node:crypto';

/** Time and timers. The wall clock may jump, and the monotonic clock may stop while a machine is suspended. */
export interface Clock {
  /** Milliseconds since a fixed moment of this process; never decreases. */
  monotonic(): number;
  /** Unix time in milliseconds; may jump in both directions. */
  wall(): number;
  /** Calls `fire` once, `ms` milliseconds from now at the earliest. Returns a function that cancels the timer. */
  setTimer(ms: number, fire: () => void): () => void;
}

/** A random number, uniform in [0, 1). */
export type Random = () => number;

/** The clocks of this machine. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  setTimer(ms, fire) {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

const pool = new Uint32Array(2_048);
let used = pool.length;

/** 53 bits from the system's generator. One system call yields a thousand numbers. */
export const systemRandom: Random = () => {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const high = (pool[used++] ?? 0) >>> 5;
  const low = (pool[used++] ?? 0) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
};

import { randomFillSync } from 'node:crypto';
import type { Clock, Random } from '@standing-order/outbox';

/** The clocks of this machine. */
export const realClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  setTimer(ms, fire) {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

const pool = new Uint32Array(2_048);
let used = pool.length;

/** 53 bits from the system's generator. One system call serves a thousand numbers. */
export const realRandom: Random = () => {
  if (used >= pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const high = (pool[used++] ?? 0) >>> 5;
  const low = (pool[used++] ?? 0) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
};

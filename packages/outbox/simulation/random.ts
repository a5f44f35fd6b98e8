import { fnv1a } from '../src/util/hash.ts';

/**
 * Seeded randomness (sfc32). Each purpose has its own stream, so that an additional draw does not shift the other
 * streams.
 */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [from, to]. */
  int(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Log-uniform in [from, to]: as many small values as large ones. */
  logUniform(from: number, to: number): number;
  shuffle<T>(list: readonly T[]): T[];
  /**
   * An independent stream, determined by this stream's seed and the name alone. A renamed stream changes every
   * schedule.
   */
  fork(name: string): Rng;
}

function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1];
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** The root stream of a seed. */
export function createRng(seed: number): Rng {
  const next = sfc32(seed);
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (list) => {
      const picked = list[int(0, list.length - 1)];
      if (picked === undefined) throw new Error('the list to pick from is empty');
      return picked;
    },
    logUniform: (from, to) => Math.round(from * (to / from) ** next()),
    shuffle: (list) => {
      const shuffled = [...list];
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = int(0, i);
        [shuffled[i], shuffled[j]] = [shuffled[j] as (typeof list)[number], shuffled[i] as (typeof list)[number]];
      }
      return shuffled;
    },
    fork: (name) => createRng(fnv1a(name, seed ^ 0x5bd1e995)),
  };
}

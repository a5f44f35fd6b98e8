import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash, laneOf, rendezvous } from './hash.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 24 }), { minLength: 1, maxLength: 20 });

describe('hash', () => {
  it('never changes, because lanes are partition keys of messages in flight', () => {
    expect(hash('')).toBe(2_872_998_923);
    expect(hash('standing order')).toBe(3_723_482_491);
    expect(laneOf('0190f6a2-7c3e-7d11-9a57-1f2e3d4c5b6a', 64)).toBe(39);
  });

  it('distributes ids evenly over the lanes', () => {
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const lane = laneOf(`0190f6a2-7c3e-7d11-9a57-${i.toString(16).padStart(12, '0')}`, 64);
      counts[lane] = (counts[lane] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});

describe('rendezvous', () => {
  it('returns the same candidate for any order of the candidates', () => {
    fc.assert(
      fc.property(fc.string(), names, (name, candidates) => {
        const chosen = rendezvous(name, candidates);
        expect(candidates).toContain(chosen);
        expect(rendezvous(name, candidates.toReversed())).toBe(chosen);
      }),
    );
  });

  it('returns another candidate only when the chosen one is removed', () => {
    fc.assert(
      fc.property(fc.string(), names, fc.nat(), (name, candidates, at) => {
        const gone = candidates[at % candidates.length];
        const chosen = rendezvous(name, candidates);
        const next = rendezvous(
          name,
          candidates.filter((candidate) => candidate !== gone),
        );
        if (gone !== chosen) expect(next).toBe(chosen);
      }),
    );
  });

  it('returns undefined without candidates', () => {
    expect(rendezvous('a', [])).toBeUndefined();
  });
});

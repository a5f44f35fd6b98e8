import { describe, expect, it } from 'vitest';
import { StalenessDetector } from './staleness.ts';

describe('StalenessDetector', () => {
  let now = 0;
  const detectorAt = (start: number) => {
    now = start;
    return new StalenessDetector({ monotonic: () => now });
  };

  it('counts from the first observation of the current value', () => {
    const detector = detectorAt(100);
    expect(detector.unchangedMs('a')).toBe(0);
    expect(detector.observe('a', 'beat 1')).toBe(true);
    now = 9_000;
    expect(detector.observe('a', 'beat 1')).toBe(false);
    now = 10_100;
    expect(detector.unchangedMs('a')).toBe(10_000);
  });

  it('starts again when the value changes, also back to an earlier value', () => {
    const detector = detectorAt(0);
    detector.observe('a', 'beat 1');
    now = 5_000;
    expect(detector.observe('a', 'beat 2')).toBe(true);
    now = 8_000;
    expect(detector.observe('a', 'beat 1')).toBe(true);
    now = 9_000;
    expect(detector.unchangedMs('a')).toBe(1_000);
  });

  it('measures each key on its own, and starts again with a key that was dropped', () => {
    const detector = detectorAt(0);
    for (const key of ['a', 'b']) detector.observe(key, 'beat 1');
    now = 4_000;
    detector.retain(['b']);
    expect([detector.unchangedMs('a'), detector.unchangedMs('b')]).toEqual([0, 4_000]);
    expect(detector.observe('a', 'beat 1')).toBe(true);
  });
});

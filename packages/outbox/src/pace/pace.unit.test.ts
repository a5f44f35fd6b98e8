import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../../test/parts.ts';
import { MAX_PACE_MS, Pace, type PaceInput, paceMs } from './pace.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const ms = fc.double({ min: 0, max: 60_000, noNaN: true });
const input: fc.Arbitrary<PaceInput> = fc.record({
  utilization: share,
  lastMs: ms,
  arrivalsPerMs: fc.double({ min: 0, max: 100, noNaN: true }),
});

describe('the pace', () => {
  test.each([
    ['an idle process', { utilization: 0, lastMs: 5, arrivalsPerMs: 10 }, 0],
    ['half of the capacity: as long as a transaction', { utilization: 0.5, lastMs: 5, arrivalsPerMs: 10 }, 5],
    ['three quarters: three times as long', { utilization: 0.75, lastMs: 5, arrivalsPerMs: 10 }, 15],
    ['a busy process', { utilization: 1, lastMs: 0, arrivalsPerMs: 10 }, MAX_PACE_MS],
    ['a slow store', { utilization: 0.9, lastMs: 3_000, arrivalsPerMs: 10 }, MAX_PACE_MS],
    ['a busy process without company', { utilization: 1, lastMs: 5, arrivalsPerMs: 0.04 }, 0],
  ])('%s', (_, measured, expected) => {
    expect(paceMs(measured)).toBeCloseTo(expected);
  });

  test('below half of the capacity an item waits for the transaction in progress only', () => {
    fc.assert(fc.property(input, (measured) => measured.utilization > 0.5 || paceMs(measured) <= measured.lastMs));
  });

  test('is never negative and never above its maximum', () => {
    fc.assert(fc.property(input, (measured) => paceMs(measured) >= 0 && paceMs(measured) <= MAX_PACE_MS));
  });

  test('never shrinks when the process gets busier, transactions get slower or more items arrive', () => {
    fc.assert(
      fc.property(input, input, (a, b) => {
        const larger = {
          utilization: Math.max(a.utilization, b.utilization),
          lastMs: Math.max(a.lastMs, b.lastMs),
          arrivalsPerMs: Math.max(a.arrivalsPerMs, b.arrivalsPerMs),
        };
        return paceMs(larger) >= paceMs(a);
      }),
    );
  });

  test('waits only when another item is expected meanwhile', () => {
    fc.assert(
      fc.property(input, (measured) => paceMs(measured) === 0 || paceMs(measured) * measured.arrivalsPerMs >= 1),
    );
  });
});

describe('a sequence of transactions', () => {
  /** Transactions of 5 ms with `items` each, one every `everyMs`. */
  function after({ utilization = 0.75, items = 10, everyMs = 10 } = {}) {
    const clock = manualClock();
    const pace = new Pace({ clock, utilization: () => utilization });
    for (let i = 0; i < 20; i++) {
      const end = pace.start(items);
      clock.go(5);
      end();
      clock.go(everyMs - 5);
    }
    const end = pace.start(items);
    clock.go(5);
    end();
    return { clock, pace };
  }

  test('the first one starts at once', () => {
    const pace = new Pace({ clock: manualClock(), utilization: () => 1 });
    expect(pace.pauseMs()).toBe(Number.NEGATIVE_INFINITY);
  });

  test('the next one waits for its share of the time', () => {
    const { pace, clock } = after();
    expect(pace.pauseMs()).toBeCloseTo(10);
    clock.go(10);
    expect(pace.pauseMs()).toBeCloseTo(0);
  });

  test('a process that is no longer busy does not wait', () => {
    expect(after({ utilization: 0.4 }).pace.pauseMs()).toBeLessThanOrEqual(0);
  });

  test('rare items do not wait', () => {
    expect(after({ utilization: 1, items: 1, everyMs: 100 }).pace.pauseMs()).toBeLessThanOrEqual(0);
  });
});

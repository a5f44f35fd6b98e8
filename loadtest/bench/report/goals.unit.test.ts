import { describe, expect, test } from 'vitest';
import type { Results } from '../results.ts';
import { FULL } from '../settings.ts';
import { goalsReport } from './goals.ts';

/** A load as far as the goals read it. `rate`: acknowledged orders per second. */
const load = ({ rate = 100, decided = 100, p50 = 1, p99 = 10, decision = 5, cpu = 1 } = {}) => ({
  load: { acknowledgedPerSecond: rate, latency: { p50, p99 } },
  decidedPerSecond: decided,
  decision: { p50: decision },
  perOrder: { cpuMs: { order: cpu / 2, 'order-dapr': cpu / 2 } },
});

const round = (closed = {}, open = {}) => ({ closed: load(closed), open: load(open), half: load(open) });

/** Results with only the fields that the goals read. */
const resultsOf = (parts: object): Results =>
  ({
    environment: {},
    settings: FULL,
    intake: {},
    endToEnd: {},
    lowRate: {},
    steps: [],
    profiles: {},
    ...parts,
  }) as unknown as Results;

/** The lines of the table, without its head. */
const goalLines = (results: Results, before?: Results): string[] =>
  goalsReport(results, before)
    .split('\n')
    .slice(4)
    .map((line) => line.replaceAll(/\s+/g, ' '));

describe('the goals of the benchmark', () => {
  test('without measurements there is no table', () => {
    expect(goalsReport(resultsOf({}))).toBe('');
  });

  test('intake is compared with the contenders of the same round', () => {
    const intake = (...rates: number[]) => rates.map((rate) => ({ closed: load({ rate }) }));
    const results = resultsOf({
      intake: { ours: intake(90, 220), redis: intake(100, 200), 'one-by-one': intake(20, 20) },
    });
    expect(goalLines(results)).toEqual([
      '| intake, closed loop: ours / redis | at least 1 | 1 (0.9 to 1.1) | met |',
      '| intake, closed loop: ours / one-by-one | at least 5 | 7.75 (4.5 to 11) | met |',
    ]);
  });

  test('a ratio beyond its limit is missed by the median', () => {
    const results = resultsOf({
      endToEnd: {
        ours: [round({ rate: 1000, decided: 890, cpu: 2 }, { p50: 5, p99: 20 })],
        redis: [round({ rate: 800, decided: 100, cpu: 1 }, { p50: 2, p99: 10 })],
      },
      lowRate: { ours: [load({ p50: 5, p99: 20, decision: 8 })], redis: [load({ p50: 2, p99: 10, decision: 6 })] },
    });
    const verdicts = goalLines(results).map((line) => [line.split('|')[1]?.trim(), line.split('|')[4]?.trim()]);
    expect(Object.fromEntries(verdicts)).toEqual({
      'closed loop: decided / acknowledged': 'missed',
      'closed loop, processor time per order: ours / redis': 'missed',
      'half of saturation, ack p50: ours / redis': 'missed',
      'half of saturation, ack p99: ours / redis': 'met',
      'low rate, ack p50: ours / redis': 'missed',
      'low rate, ack p99: ours / redis': 'met',
      'low rate, decided p50: ours / redis': 'met',
    });
  });

  test('an earlier version is compared where both have measurements', () => {
    const parts = (decided: number, cpu: number, heap: number) => ({
      endToEnd: { messaging: [round({ rate: 500, decided })] },
      steps: [
        { rate: 100, decided: load({ cpu }) },
        { rate: 200, decided: load({ cpu: 99 }) },
      ],
      backlog: { backlogs: [{ heap: 1 }, { heap }], drain: { decidedPerSecond: decided } },
    });
    expect(goalLines(resultsOf(parts(400, 3, 50)), resultsOf(parts(100, 4, 60)))).toEqual([
      '| 100 orders/s, processor time per order: ours / before | at most 0.5 | 0.75 | missed |',
      '| messaging, closed loop, decided/s: ours / before | at least 2 | 4 | met |',
      '| largest backlog, heap: ours / before | at most 1 | 0.833 | met |',
      '| largest backlog, drain: ours / before | at least 3 | 4 | met |',
    ]);
  });
});

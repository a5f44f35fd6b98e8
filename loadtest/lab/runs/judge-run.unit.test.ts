import { describe, expect, test } from 'vitest';
import { judge, type Stored } from '../../checker/judge.ts';
import { LoadNotOfferedError } from '../judge/phases.ts';
import { STYLES } from '../load/answers.ts';
import type { LabLine } from '../load/log.ts';
import { judgeRun } from './judge-run.ts';
import type { Plan } from './result.ts';

const START = 1_000_000;
const RUN = 'lab-1';
const plan = {
  fault: 'consumer-down',
  broker: 'redis',
  repetition: 1,
  rate: 2,
  before: 2,
  during: 3,
  after: 2,
} as const;
const times = { beganAt: START + 2_000, effectiveAt: START + 2_100, endBeganAt: START + 5_000, endedAt: START + 5_500 };
const SECONDS = 7;

/** The line of an order of `style`, the `index`-th of its style; two are sent per second. */
function line(style: number, index: number, changes: Partial<LabLine> = {}): LabLine {
  const requestNumber = index * STYLES.length + style;
  return {
    ...{ type: 'order', run: RUN, phase: STYLES[style] ?? 'messaging', requestNumber, key: `${RUN}-${requestNumber}` },
    ...{ at: START + 500 * index, ms: 20, status: 0, outcome: 'ok', id: `id-${requestNumber}`, attempts: 1 },
    ...{ expected: 'VALIDATED', answeredMs: 20, decidedMs: 200 },
    ...changes,
  };
}

const storedOf = ({ requestNumber, at, expected = 'VALIDATED' }: LabLine): Stored => ({
  ...{ id: `id-${requestNumber}`, run: RUN, requestNumber, status: expected, createdAt: at, decidedAt: at + 200 },
});

const allLines = () =>
  STYLES.flatMap((_, style) => Array.from({ length: 2 * SECONDS }, (_, index) => line(style, index)));

/** The result of a run with these lines and orders; by default every line is stored as it must be. */
function resultOf(
  requests: readonly LabLine[],
  stored: readonly Stored[] = requests.map(storedOf),
  undelivered: string[] = [],
  timesOfFault = times,
  runPlan: Plan = plan,
) {
  const checked = judge(requests, stored);
  return judgeRun({
    plan: runPlan,
    commit: 'c',
    requests,
    stored,
    checked,
    undelivered,
    times: timesOfFault,
    startedAt: START,
    deadLetters: {},
  });
}

/** The lines, with one changed: the first order of `style` in the phase `during`. */
function withFault(style: number, changes: Partial<LabLine>): LabLine[] {
  return allLines().map((each) => (each.requestNumber === 4 * 4 + style ? { ...each, ...changes } : each));
}

describe('availability', () => {
  test('is complete when every order is answered and decided in time', () => {
    const { styles, findings } = resultOf(allLines());
    expect(findings).toEqual([]);
    for (const style of STYLES) {
      expect(styles[style]?.shares.answered).toEqual({
        before: { offered: 4, yes: 4 },
        during: { offered: 6, yes: 6 },
        after: { offered: 4, yes: 4 },
      });
      expect(styles[style]?.recoveryMs).toEqual({ answered: 0, decided: 0 });
    }
  });

  test('counts an order that is acknowledged and not decided in time for the first question only', () => {
    const { decidedMs: _, ...late } = line(0, 4);
    const { shares } =
      resultOf(withFault(0, {}).map((each) => (each.requestNumber === late.requestNumber ? late : each))).styles[
        'respond-first'
      ] ?? {};
    expect(shares?.answered.during).toEqual({ offered: 6, yes: 6 });
    expect(shares?.decided.during).toEqual({ offered: 6, yes: 5 });
  });

  test('counts a wrong answer as a failure of both questions, with its reason', () => {
    const result = resultOf(withFault(3, { wrong: 'a total of 1 instead of 2' })).styles.synchronous;
    expect(result?.shares.answered.during.yes).toBe(5);
    expect(result?.shares.decided.during.yes).toBe(5);
    expect(result?.reasons.during).toEqual({ 'wrong: a total of 1 instead of 2': 1 });
  });

  test('measures the way back from the begin of the end of the fault', () => {
    const lines = allLines().map((each) => {
      if (each.phase !== 'synchronous' || each.at < START + 4_000 || each.at > START + 6_000) return each;
      const { answeredMs: _, decidedMs: __, id: ___, ...failed } = each;
      return { ...failed, outcome: 'fail' as const, error: '503' };
    });
    const { styles, findings } = resultOf(lines, lines.filter(({ outcome }) => outcome === 'ok').map(storedOf));
    expect(findings).toEqual([]);
    expect(styles.synchronous?.recoveryMs.answered).toBe(1_000);
    expect(styles.synchronous?.reasons.after).toEqual({ 'not answered: 503': 3 });
    expect(styles['respond-first']?.recoveryMs.answered).toBe(0);
  });

  test('reports the most orders that waited, and when the last of them was decided', () => {
    const lines = allLines();
    const stored = lines.map((each) => ({
      ...storedOf(each),
      ...(each.phase === 'respond-first' && { decidedAt: START + 8_000 }),
    }));
    expect(resultOf(lines, stored).styles['respond-first']).toMatchObject({ backlogPeak: 14, drainMs: 2_500 });
    expect(resultOf(lines, stored).styles.replication).toMatchObject({ drainMs: 0 });
  });

  test('counts a message request as waiting from its acknowledgement by the client, before its order is stored', () => {
    const lines = allLines();
    const late = { createdAt: START + 7_900, decidedAt: START + 8_000 };
    const stored = lines.map((each) => ({ ...storedOf(each), ...(each.phase === 'messaging' && late) }));
    expect(resultOf(lines, stored).styles.messaging).toMatchObject({ backlogPeak: 14, drainMs: 2_500 });
  });

  test('counts an order that the load generator could not send as not answered, in the phase that lacks it', () => {
    const sentOf = (lines: readonly LabLine[], phase: 'during' | 'after') =>
      lines.filter(({ at }) =>
        phase === 'during' ? at >= times.beganAt && at < times.endBeganAt : at >= times.endBeganAt,
      );
    const many = { ...plan, rate: 50 };
    const lines = STYLES.flatMap((_, style) =>
      Array.from({ length: many.rate * SECONDS }, (__, index) => line(style, index, { at: START + 20 * index })),
    );
    const unsent = 2;
    const requests = lines.filter(
      ({ phase, at }) => phase !== 'messaging' || at < times.beganAt || at >= times.beganAt + 20 * unsent,
    );
    const { styles } = resultOf(requests, undefined, [], times, many);
    const planned = sentOf(lines, 'during').length / STYLES.length;
    for (const question of ['answered', 'decided'] as const) {
      expect(styles.messaging?.shares[question].during).toEqual({ offered: planned, yes: planned - unsent });
      expect(styles['respond-first']?.shares[question].during).toEqual({ offered: planned, yes: planned });
    }
  });

  test('has no result when the load was not offered', () => {
    const lines = allLines().filter(({ phase, at }) => phase !== 'messaging' || at < START + 6_000);
    expect(() => resultOf(lines)).toThrow(LoadNotOfferedError);
  });

  test('has no result when the load ended before the fault', () => {
    const long = { ...times, endBeganAt: START + 1_000 * SECONDS, endedAt: START + 1_000 * SECONDS };
    expect(() => resultOf(allLines(), undefined, [], long)).toThrow('the load ended before the fault');
  });
});

test('a decision that waits for the notification service changes neither question', () => {
  const lines = allLines();
  const unnotified = lines.map((each) => ({ ...storedOf(each), notified: false }));
  const { styles, findings } = resultOf(lines, unnotified);
  expect(findings).toHaveLength(lines.length);
  expect(styles).toEqual(resultOf(lines).styles);
});

describe('the checker finds, with the style,', () => {
  const lines = allLines();
  const orders = lines.map(storedOf);
  const id = 'id-17'; // the fifth order of style 1, messaging
  const changed = (changes: Partial<Stored>) =>
    orders.map((order) => (order.id === id ? { ...order, ...changes } : order));

  test.each<[string, readonly Stored[], string]>([
    ['a planted loss', orders.filter((order) => order.id !== id), 'lost'],
    ['a planted wrong decision', changed({ status: 'REJECTED' }), 'wrong'],
    ['a planted order without a decision', changed({ status: 'PENDING' }), 'stuck'],
    ['a planted decision that the notification service has not confirmed', changed({ notified: false }), 'unnotified'],
  ])('%s', (_, stored, kind) => {
    expect(resultOf(lines, stored).findings).toEqual([{ kind, style: 'messaging', ref: id }]);
  });

  test('a planted double', () => {
    const double = { ...storedOf(line(1, 4)), id: 'second' };
    expect(resultOf(lines, [...orders, double]).findings).toEqual([
      { kind: 'doubled', style: 'messaging', ref: id },
      { kind: 'doubled', style: 'messaging', ref: 'second' },
    ]);
  });

  test('a planted order of a request that was refused', () => {
    const { id: _, answeredMs: __, ...refused } = line(3, 4, { outcome: 'fail', error: '503' });
    const requests = lines.map((each) => (each.requestNumber === refused.requestNumber ? refused : each));
    expect(resultOf(requests, orders).findings).toEqual([{ kind: 'unexpected', style: 'synchronous', ref: 'id-19' }]);
  });

  test('an outcome that did not reach its message client', () => {
    expect(resultOf(lines, orders, [`${RUN}-17`]).findings).toEqual([
      { kind: 'undelivered', style: 'messaging', ref: `${RUN}-17` },
    ]);
  });
});

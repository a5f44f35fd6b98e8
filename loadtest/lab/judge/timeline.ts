import { percentile } from '../../bench/measure/statistics.ts';
import type { Stored } from '../../checker/judge.ts';
import type { LabLine } from '../load/log.ts';
import { type FaultTimes, isYes, type PhaseName, phaseOf } from './phases.ts';

/** The orders of one style that were sent in one second of one phase. */
export interface Second {
  readonly phase: PhaseName;
  /** Seconds after the begin of the fault; negative before it. */
  readonly second: number;
  readonly offered: number;
  readonly answered: number;
  readonly decided: number;
  /** Milliseconds until the useful answer, of the orders that got one. */
  readonly p50: number | null;
  readonly max: number | null;
  /** Stored orders that are not decided at the end of the second. */
  readonly backlog: number;
}

/** The seconds of a style in order. A second in which the phase changes is two entries. */
export function timelineOf(lines: readonly LabLine[], stored: readonly Stored[], times: FaultTimes): Second[] {
  const secondOf = (at: number) => Math.floor((at - times.beganAt) / 1_000);
  const buckets = Map.groupBy(lines, ({ at }) => `${secondOf(at)} ${phaseOf(at, times)}`);
  return [...buckets.values()]
    .map((bucket) => {
      const at = bucket[0]?.at ?? 0;
      const second = secondOf(at);
      const answeredMs = bucket
        .flatMap((line) => (isYes(line, 'answered') ? (line.answeredMs ?? []) : []))
        .toSorted((a, b) => a - b);
      return {
        phase: phaseOf(at, times),
        second,
        offered: bucket.length,
        answered: bucket.filter((line) => isYes(line, 'answered')).length,
        decided: bucket.filter((line) => isYes(line, 'decided')).length,
        p50: answeredMs.length === 0 ? null : percentile(answeredMs, 50),
        max: answeredMs.at(-1) ?? null,
        backlog: backlogAt(stored, times.beganAt + 1_000 * (second + 1)),
      };
    })
    .toSorted((a, b) => a.second - b.second || Number(a.phase > b.phase) - Number(a.phase < b.phase));
}

/** Orders that are stored and not decided at a time. */
const backlogAt = (stored: readonly Stored[], at: number): number =>
  stored.filter(({ createdAt = 0, decidedAt = Number.POSITIVE_INFINITY }) => createdAt <= at && decidedAt > at).length;

/** Milliseconds from the end of the fault until the last order is decided; 0 if no order of the fault waits by then. */
export function drainMs(stored: readonly Stored[], { endBeganAt, endedAt }: FaultTimes): number {
  const waiting = stored.filter(({ createdAt = 0, decidedAt = 0 }) => createdAt < endBeganAt && decidedAt > endedAt);
  return Math.max(0, ...waiting.map(({ decidedAt = 0 }) => decidedAt - endedAt));
}

/** Milliseconds from the begin of the fault's end until orders are answered again: the last one sent that was not. */
export function recoveryMs(lines: readonly LabLine[], question: 'answered' | 'decided', times: FaultTimes): number {
  const failed = lines.filter((line) => phaseOf(line.at, times) === 'after' && !isYes(line, question));
  return Math.max(0, ...failed.map(({ at }) => at - times.endBeganAt));
}

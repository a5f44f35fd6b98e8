import { percentile } from '../../bench/measure/statistics.ts';
import type { Stored } from '../../checker/judge.ts';
import type { LabLine } from '../load/log.ts';
import {
  droppedOf,
  type FaultTimes,
  isYes,
  PHASES,
  type PhaseName,
  phaseOf,
  phaseWithDeficit,
  QUESTIONS,
  type Question,
} from './phases.ts';
import { drainMs, recoveryMs, type Second, timelineOf } from './timeline.ts';

/** Of the orders of one phase. */
export interface Share {
  readonly offered: number;
  readonly yes: number;
}

/** The result of one style in one run. */
export interface StyleResult {
  readonly shares: Readonly<Record<Question, Readonly<Record<PhaseName, Share>>>>;
  /** 99th percentile of the useful answers, in milliseconds; null without one. */
  readonly p99: Readonly<Record<PhaseName, number | null>>;
  readonly timeline: readonly Second[];
  readonly recoveryMs: Readonly<Record<Question, number>>;
  readonly backlogPeak: number;
  readonly drainMs: number;
  /** Orders that a client repeated at the other replica. */
  readonly retried: number;
  /** Why orders were not answered or not decided, with their number, by phase. */
  readonly reasons: Readonly<Record<PhaseName, Readonly<Record<string, number>>>>;
}

export interface StyleRun {
  /** Every order of the style that was sent. */
  readonly lines: readonly LabLine[];
  readonly stored: readonly Stored[];
  readonly times: FaultTimes;
  readonly rate: number;
  readonly seconds: number;
  readonly startedAt: number;
}

/** Judges the orders of one style. Throws a LoadNotOfferedError if they were not sent as planned. */
export function styleResult({ lines, stored, times, rate, seconds, startedAt }: StyleRun): StyleResult {
  const inPhase = (phase: PhaseName) => lines.filter(({ at }) => phaseOf(at, times) === phase);
  const sent = forEachPhase((phase) => inPhase(phase).length);
  const expected = {
    before: (rate * (times.beganAt - startedAt)) / 1_000,
    during: (rate * (times.endBeganAt - times.beganAt)) / 1_000,
    after: rate * seconds - (rate * (times.endBeganAt - startedAt)) / 1_000,
  };
  const dropped = droppedOf(rate * seconds, lines.length);
  const deficit = phaseWithDeficit(sent, expected);
  const offered = forEachPhase((phase) => sent[phase] + (phase === deficit ? dropped : 0));
  const shareOf = (phase: PhaseName, question: Question): Share => ({
    offered: offered[phase],
    yes: inPhase(phase).filter((line) => isYes(line, question)).length,
  });
  const timeline = timelineOf(lines, stored, times);
  return {
    shares: forEachQuestion((question) => forEachPhase((phase) => shareOf(phase, question))),
    p99: forEachPhase((phase) => {
      const answered = inPhase(phase).flatMap(({ answeredMs }) => answeredMs ?? []);
      return answered.length === 0
        ? null
        : percentile(
            answered.toSorted((a, b) => a - b),
            99,
          );
    }),
    timeline,
    recoveryMs: forEachQuestion((question) => recoveryMs(lines, question, times)),
    backlogPeak: Math.max(0, ...timeline.map(({ backlog }) => backlog)),
    drainMs: drainMs(stored, times),
    retried: lines.filter(({ attempts }) => attempts > 1).length,
    reasons: forEachPhase((phase) => reasonsOf(inPhase(phase))),
  };
}

function reasonsOf(lines: readonly LabLine[]): Record<string, number> {
  const reasons = lines.flatMap((line) => {
    if (line.wrong !== undefined) return [`wrong: ${line.wrong}`];
    if (!isYes(line, 'answered')) return [`not answered: ${line.error ?? 'late'}`];
    return isYes(line, 'decided') ? [] : ['not decided within 5 s'];
  });
  return Object.fromEntries([...Map.groupBy(reasons, (reason) => reason)].map(([reason, all]) => [reason, all.length]));
}

const forEachPhase = <T>(value: (phase: PhaseName) => T): Record<PhaseName, T> =>
  Object.fromEntries(PHASES.map((phase) => [phase, value(phase)])) as Record<PhaseName, T>;
const forEachQuestion = <T>(value: (question: Question) => T): Record<Question, T> =>
  Object.fromEntries(QUESTIONS.map((question) => [question, value(question)])) as Record<Question, T>;

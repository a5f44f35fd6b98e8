import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { spread } from '../../bench/measure/statistics.ts';
import { PHASES, type PhaseName, QUESTIONS, type Question } from '../judge/phases.ts';
import type { StyleResult } from '../judge/style-result.ts';
import { STYLES, type Style } from '../load/answers.ts';
import { cellName } from '../runs/plan.ts';
import type { Cell, Finding, RunResult } from '../runs/result.ts';
import { type Block, difference, type Estimate, estimate } from '../statistics/bootstrap.ts';
import { CONTROL, type Fault } from '../timetable/schema.ts';

/** One style in one cell, over all its runs. */
export interface StyleSummary {
  readonly shares: Readonly<Record<Question, Readonly<Record<PhaseName, Estimate>>>>;
  /** During the fault, minus the control of the same broker; absent for the control and without one. */
  readonly toControl?: Readonly<
    Record<Question, { readonly value: number; readonly low: number; readonly high: number }>
  >;
  /** Medians over the runs. */
  readonly recoveryMs: Readonly<Record<Question, number>>;
  readonly backlogPeak: number;
  readonly drainMs: number;
  readonly p99: Readonly<Record<PhaseName, number | null>>;
  readonly retried: number;
  /** Of all runs together. */
  readonly reasons: StyleResult['reasons'];
}

/** A cell of the matrix: a fault on a broker. */
export interface CellSummary extends Cell {
  readonly name: string;
  readonly runs: number;
  readonly orders: number;
  readonly styles: Readonly<Partial<Record<Style, StyleSummary>>>;
  readonly findings: readonly Finding[];
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Decisions that wait for the notification service: medians; absent if they were not measured. */
  readonly notification?: { readonly backlogPeak: number; readonly recoveryMs: number };
  /** Medians; absent in a cluster. */
  readonly perOrder?: { readonly cpuMs: number; readonly messages: number; readonly ignoredReplies: number };
}

export interface Matrix {
  readonly version: 1;
  readonly brokers: readonly Cell['broker'][];
  readonly faults: readonly Pick<Fault, 'name' | 'title' | 'description'>[];
  readonly cells: readonly CellSummary[];
}

const SEED = 20_261_128;

/** The matrix of these runs. The same runs give the same intervals. Faults and brokers without a run are left out. */
export function matrixOf(results: readonly RunResult[], faults: readonly Fault[]): Matrix {
  const byCell = Map.groupBy(results, ({ plan }) => cellName(plan));
  const cells = [...byCell.values()].map((runs) => cellSummary(runs, controlOf(runs, byCell)));
  const measured = new Set(cells.map(({ fault }) => fault));
  return {
    version: 1,
    brokers: [...new Set(cells.map(({ broker }) => broker))].toSorted().reverse(),
    faults: faults
      .filter(({ name }) => measured.has(name))
      .map(({ name, title, description }) => ({ name, title, description })),
    cells,
  };
}

/** The cell of a fault on a broker; undefined if it was not measured. */
export const cellOf = (
  { cells }: Pick<Matrix, 'cells'>,
  fault: string,
  broker: Cell['broker'],
): CellSummary | undefined => cells.find((cell) => cell.fault === fault && cell.broker === broker);

/** What a reader must know before the numbers; undefined if the matrix has enough runs. */
export function cautionOf({ cells }: Matrix): string | undefined {
  const fewest = Math.min(...cells.map(({ runs }) => runs));
  if (fewest >= 5) return undefined;
  const runs = `Some cells have only ${fewest} ${fewest === 1 ? 'run' : 'runs'}.`;
  return fewest < 3
    ? `This is a trial of the lab, not a measurement. ${runs} Repeat it with npm run lab.`
    : `${runs} Their intervals are wide.`;
}

function controlOf(
  runs: readonly RunResult[],
  byCell: ReadonlyMap<string, readonly RunResult[]>,
): readonly RunResult[] {
  const plan = runs[0]?.plan;
  return plan === undefined || plan.fault === CONTROL ? [] : (byCell.get(cellName({ ...plan, fault: CONTROL })) ?? []);
}

function cellSummary(runs: readonly RunResult[], control: readonly RunResult[]): CellSummary {
  const { fault, broker } = (runs[0] as RunResult).plan;
  const styles = STYLES.filter((style) => runs.every((run) => run.styles[style] !== undefined));
  const orders = runs.reduce((sum, run) => sum + run.orders.sent, 0);
  const perRun = runs.flatMap(({ usage, orders: { sent } }) => (usage === undefined ? [] : { usage, sent }));
  const median = (read: (usage: (typeof perRun)[number]['usage']) => number) =>
    spread(perRun.map(({ usage, sent }) => read(usage) / sent)).median;
  return {
    fault,
    broker,
    name: cellName({ fault, broker }),
    runs: runs.length,
    orders,
    styles: Object.fromEntries(styles.map((style) => [style, styleSummary(style, runs, control)])),
    findings: runs.flatMap(({ findings }) => findings),
    deadLetters: sumOfCounts(runs.map(({ deadLetters }) => deadLetters)),
    ...notificationSummary(runs),
    ...(perRun.length > 0 && {
      perOrder: {
        cpuMs: median(({ cpuSeconds }) => 1_000 * cpuSeconds),
        messages: median(({ messages }) => messages),
        ignoredReplies: median(({ ignoredReplies }) => ignoredReplies),
      },
    }),
  };
}

function notificationSummary(runs: readonly RunResult[]): Pick<CellSummary, 'notification'> {
  const measured = runs.flatMap(({ notification }) => notification ?? []);
  if (measured.length === 0) return {};
  const median = (read: (each: (typeof measured)[number]) => number) => spread(measured.map(read)).median;
  return {
    notification: {
      backlogPeak: median(({ backlogPeak }) => backlogPeak),
      recoveryMs: median(({ recoveryMs }) => recoveryMs),
    },
  };
}

function styleSummary(style: Style, runs: readonly RunResult[], control: readonly RunResult[]): StyleSummary {
  const of = (all: readonly RunResult[]) => all.flatMap((run) => run.styles[style] ?? []);
  const results = of(runs);
  const random = xoroshiro128plus(SEED);
  const median = (read: (result: StyleResult) => number) => spread(results.map(read)).median;
  const shares = forEach(QUESTIONS, (question) =>
    forEach(PHASES, (phase) =>
      estimate(
        results.map((result) => blocksOf(result, question, phase)),
        random,
      ),
    ),
  );
  const toControl = forEach(QUESTIONS, (question) =>
    difference(
      results.map((result) => blocksOf(result, question, 'during')),
      of(control).map((result) => blocksOf(result, question, 'during')),
      random,
    ),
  );
  return {
    shares,
    ...(of(control).length > 0 && { toControl }),
    recoveryMs: forEach(QUESTIONS, (question) => median(({ recoveryMs }) => recoveryMs[question])),
    backlogPeak: median(({ backlogPeak }) => backlogPeak),
    drainMs: median(({ drainMs }) => drainMs),
    p99: forEach(PHASES, (phase) => medianOrNull(results.flatMap(({ p99 }) => p99[phase] ?? []))),
    retried: results.reduce((sum, { retried }) => sum + retried, 0),
    reasons: forEach(PHASES, (phase) => sumOfCounts(results.map(({ reasons }) => reasons[phase]))),
  };
}

/** The seconds of a phase, and the orders that were never sent as a block of their own. */
function blocksOf({ timeline, shares }: StyleResult, question: Question, phase: PhaseName): Block[] {
  const seconds = timeline.filter((second) => second.phase === phase);
  const blocks = seconds.map((second) => ({ offered: second.offered, yes: second[question] }));
  const unsent = shares[question][phase].offered - blocks.reduce((sum, { offered }) => sum + offered, 0);
  return unsent > 0 ? [...blocks, { offered: unsent, yes: 0 }] : blocks;
}

const medianOrNull = (values: readonly number[]): number | null => (values.length === 0 ? null : spread(values).median);

function sumOfCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, count] of all.flatMap((counts) => Object.entries(counts))) sums[key] = (sums[key] ?? 0) + count;
  return sums;
}

const forEach = <K extends string, T>(keys: readonly K[], value: (key: K) => T): Record<K, T> =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, T>;

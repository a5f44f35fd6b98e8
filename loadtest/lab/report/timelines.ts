import { spread } from '../../bench/measure/statistics.ts';
import { STYLES, type Style } from '../load/answers.ts';
import { cellName } from '../runs/plan.ts';
import type { RunResult } from '../runs/result.ts';

/** A curve over the seconds of a cell; null where there is no value. */
type Curve = readonly (number | null)[];

/** The curves of a style: shares in percent over all runs, milliseconds and orders as medians of the runs. */
export type StyleCurves = Readonly<Record<'offered' | 'answered' | 'decided' | 'latency' | 'backlog', Curve>>;

/** The curves of a cell. Second 0 is the begin of the fault. */
export interface Timelines {
  readonly seconds: readonly number[];
  /** Seconds at which the end of the fault began and at which it was complete: the medians of the runs. */
  readonly faultEnd: { readonly began: number; readonly complete: number };
  readonly styles: Readonly<Partial<Record<Style, StyleCurves>>>;
  /** Decisions that wait for the notification service, as medians of the runs; absent if they were not measured. */
  readonly notification?: Curve;
}

/** The curves of each cell, by its name. */
export function timelinesOf(results: readonly RunResult[]): Record<string, Timelines> {
  const byCell = Map.groupBy(results, ({ plan }) => cellName(plan));
  return Object.fromEntries([...byCell].map(([name, runs]) => [name, cellTimelines(runs)]));
}

function cellTimelines(runs: readonly RunResult[]): Timelines {
  const all = runs.flatMap(({ styles }) => Object.values(styles).flatMap(({ timeline }) => timeline));
  const first = Math.min(...all.map(({ second }) => second));
  const last = Math.max(...all.map(({ second }) => second));
  const seconds = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const median = (read: (fault: RunResult['fault']) => number) =>
    spread(runs.map(({ fault }) => read(fault))).median / 1_000;
  const offered = STYLES.filter((style) => runs.some(({ styles }) => styles[style]));
  return {
    seconds,
    faultEnd: {
      began: median(({ endBeganMs, beganMs }) => endBeganMs - beganMs),
      complete: median(({ endedMs, beganMs }) => endedMs - beganMs),
    },
    styles: Object.fromEntries(offered.map((style) => [style, curvesOf(style, runs, seconds)])),
    ...(runs.some(({ notification }) => notification) && { notification: notificationCurve(runs, seconds) }),
  };
}

function curvesOf(style: Style, runs: readonly RunResult[], seconds: readonly number[]): StyleCurves {
  const entries = runs.flatMap((run) => run.styles[style]?.timeline ?? []);
  const bySecond = Map.groupBy(entries, ({ second }) => second);
  const at = (second: number) => bySecond.get(second) ?? [];
  const sum = (second: number, field: 'offered' | 'answered' | 'decided') =>
    at(second).reduce((total, entry) => total + entry[field], 0);
  const share = (field: 'answered' | 'decided') =>
    seconds.map((second) =>
      sum(second, 'offered') === 0 ? null : round((100 * sum(second, field)) / sum(second, 'offered')),
    );
  const median = (read: (entry: (typeof entries)[number]) => number | null) =>
    seconds.map((second) => {
      const values = at(second).flatMap((entry) => read(entry) ?? []);
      return values.length === 0 ? null : round(spread(values).median);
    });
  return {
    offered: seconds.map((second) => round(sum(second, 'offered') / runs.length)),
    answered: share('answered'),
    decided: share('decided'),
    latency: median(({ p50 }) => p50),
    backlog: median(({ backlog }) => backlog),
  };
}

function notificationCurve(runs: readonly RunResult[], seconds: readonly number[]): Curve {
  const samples = runs.flatMap(({ notification }) => notification?.timeline ?? []);
  const bySecond = Map.groupBy(samples, ({ second }) => second);
  return seconds.map((second) => {
    const backlogs = (bySecond.get(second) ?? []).map(({ backlog }) => backlog);
    return backlogs.length === 0 ? null : round(spread(backlogs).median);
  });
}

const round = (value: number): number => Math.round(10 * value) / 10;

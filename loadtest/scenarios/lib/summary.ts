import { type Phase, scheduled } from './phases.ts';

/** The part of k6's end-of-test data that the summary uses. */
export interface K6Data {
  readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>>;
}

/** The result of one phase. Durations are of acknowledged orders, in milliseconds. */
export interface PhaseSummary {
  readonly phase: string;
  readonly rate: number;
  readonly seconds: number;
  /** Sent and dropped requests. */
  readonly offered: number;
  readonly ok: number;
  readonly fail: number;
  readonly unknown: number;
  /** Requests that were cut off or not sent in time: too many in flight, or a load generator that could not keep up. */
  readonly dropped: number;
  /** Acknowledged share of the offered requests, 0 to 1. */
  readonly availability: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** The result of a run; also the last line of its log, if its SUMMARY_FILE is "stderr". */
export interface Summary {
  readonly type: 'summary';
  readonly scenario: string;
  readonly phases: readonly PhaseSummary[];
  /** The highest rate before the first phase with less than 99 % acknowledged; null: the first phase had less. */
  readonly sustainedRate: number | null;
}

const KEEPS_UP = 0.99;

/** Reads the numbers of each phase from k6's metrics. */
export function summarize(scenario: string, phases: readonly Phase[], { metrics }: K6Data): Summary {
  const all = phases.map((phase): PhaseSummary => {
    const { name, rate, seconds } = phase;
    const value = (metric: string, field: string) => metrics[`${metric}{scenario:${name}}`]?.values[field];
    const count = (metric: string) => value(metric, 'count') ?? 0;
    const [ok, fail, unknown] = [count('orders_ok'), count('orders_fail'), count('orders_unknown')];
    // k6 does not count the requests that it never tried.
    const dropped = Math.max(count('dropped_iterations'), scheduled(phase) - ok - fail - unknown);
    const offered = ok + fail + unknown + dropped;
    const duration = (field: string) => (ok === 0 ? null : (value('order_duration', field) ?? null));
    return {
      phase: name,
      rate,
      seconds,
      offered,
      ok,
      fail,
      unknown,
      dropped,
      availability: ok / offered,
      p50: duration('med'),
      p95: duration('p(95)'),
      p99: duration('p(99)'),
    };
  });
  const firstBehind = all.findIndex(({ availability }) => availability < KEEPS_UP);
  const kept = firstBehind === -1 ? all : all.slice(0, firstBehind);
  return {
    type: 'summary',
    scenario,
    phases: all,
    sustainedRate: kept.length === 0 ? null : Math.max(...kept.map(({ rate }) => rate)),
  };
}

const HEAD = [
  'phase',
  'rate/s',
  'offered',
  'ok',
  'fail',
  'unknown',
  'dropped',
  'availability',
  'p50 ms',
  'p95 ms',
  'p99 ms',
];

/** The summary as a table for a terminal. */
export function summaryTable({ phases, sustainedRate, scenario }: Summary): string {
  const rows = phases.map((phase) => [
    phase.phase,
    String(phase.rate),
    ...[phase.offered, phase.ok, phase.fail, phase.unknown, phase.dropped].map(String),
    `${(100 * phase.availability).toFixed(2)} %`,
    ...[phase.p50, phase.p95, phase.p99].map((ms) => (ms === null ? '-' : ms.toFixed(1))),
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  const steps = scenario === 'load' ? [`sustained: ${sustainedRate === null ? 'no rate' : `${sustainedRate}/s`}`] : [];
  return `${[line(HEAD), ...rows.map(line), ...steps].join('\n')}\n`;
}

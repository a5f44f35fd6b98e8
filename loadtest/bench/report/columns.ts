import type { PerOrder } from '../measure/per-order.ts';
import { ratioSpread, spread } from '../measure/statistics.ts';
import { number, spreadText, table } from './table.ts';

/** A row: a contender's name, or a rate, and its runs in the order of their rounds. */
export type Row<Run> = readonly [name: string, runs: readonly Run[]];

/** A column: its title and its text in a row. */
export type Column<Run> = readonly [title: string, text: (runs: readonly Run[]) => string];

export const medianColumn = <Run>(title: string, value: (run: Run) => number): Column<Run> => [
  title,
  (runs) => number(spread(runs.map(value)).median),
];

export const spreadColumn = <Run>(title: string, value: (run: Run) => number): Column<Run> => [
  title,
  (runs) => spreadText(spread(runs.map(value))),
];

/** A table with a row of each contender. */
export const runTable = <Run>(title: string, rows: readonly Row<Run>[], columns: readonly Column<Run>[]): string =>
  table(
    [title, ...columns.map(([head]) => head)],
    rows.map(([name, runs]) => [name, ...columns.map(([, text]) => text(runs))]),
  );

/** Values of ours divided by those of each other contender, round by round. */
export function ratioTable<Run>(
  all: Readonly<Record<string, readonly Run[]>>,
  values: readonly (readonly [title: string, value: (run: Run) => number])[],
): string {
  const { ours, ...others } = all;
  if (ours === undefined) return 'Ours did not run.';
  const columns = values.map(
    ([title, value]): Column<Run> => [title, (runs) => spreadText(ratioSpread(ours.map(value), runs.map(value)))],
  );
  return runTable(
    '',
    Object.entries(others).map(([name, runs]) => [`ours / ${name}`, runs] as const),
    columns,
  );
}

const COSTS = [
  ['sidecar calls', 'sidecarCalls'],
  ['state operations', 'stateOperations'],
  ['sidecar bytes', 'sidecarBytes'],
  ['Redis commands', 'redisCommands'],
  ['durable bytes', 'durableBytes'],
  ['messages', 'messages'],
  ['message bytes', 'messageBytes'],
] as const;

/** The columns of an order's cost beyond processor time. */
export const costColumns = <Run>(costs: (run: Run) => PerOrder): Column<Run>[] =>
  COSTS.map(([title, cost]) => medianColumn(title, (run) => costs(run)[cost]));

/** The values of the same columns, for a table of ratios. */
export const costRatios = <Run>(costs: (run: Run) => PerOrder) =>
  COSTS.map(([title, cost]) => [title, (run: Run) => costs(run)[cost]] as const);

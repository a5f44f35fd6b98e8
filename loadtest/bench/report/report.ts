import { ratioSpread, type Spread, spread } from '../measure/statistics.ts';
import type { Shares } from '../profile/shares.ts';
import type { Results } from '../results.ts';
import { backlogReport } from './backlog.ts';
import { endToEndReport, stepsReport } from './end-to-end.ts';
import { idleReport } from './idle.ts';
import { intakeReport } from './intake.ts';
import { spreadText, table } from './table.ts';

/** Parts of the code that a table of shares lists. */
const MAX_PARTS = 16;

/** The whole report, as Markdown. */
export function report(results: Results): string {
  const { environment, settings, intake, endToEnd, steps, backlog, idle, profiles } = results;
  return [
    '# Benchmark',
    Object.entries(environment)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
    'Generator, services, sidecars and Redis share these cores: only ratios are meaningful.',
    ...(Object.keys(intake).length > 0 ? [intakeReport(intake, settings)] : []),
    ...(Object.keys(endToEnd).length > 0 ? [endToEndReport(endToEnd, settings)] : []),
    ...(steps.length > 0 ? [stepsReport(steps, settings)] : []),
    ...(backlog === undefined ? [] : [backlogReport(backlog, settings)]),
    ...(idle === undefined ? [] : [idleReport(idle)]),
    ...Object.entries(profiles).map(([name, shares]) => sharesReport(name, shares)),
    goalsReport(results),
  ].join('\n\n');
}

/** Processor time by part of the code. */
function sharesReport(name: string, shares: Shares): string {
  const total = Object.values(shares).reduce((sum, microseconds) => sum + microseconds, 0);
  const rows = Object.entries(shares).slice(0, MAX_PARTS);
  return [
    `### Processor time: ${name}, ${(total / 1e6).toFixed(1)} s`,
    table(
      ['part', 'share'],
      rows.map(([part, microseconds]) => [part, `${((100 * microseconds) / total).toFixed(1)} %`]),
    ),
  ].join('\n\n');
}

/** The goals of the design and the measured values. */
function goalsReport({ intake, endToEnd }: Results): string {
  const accepted = (name: string) => (intake[name] ?? []).map((run) => run.closed.load.acknowledgedPerSecond);
  const against = (name: string) => ratioSpread(accepted('ours'), accepted(name));
  const decided = (endToEnd.ours ?? []).map(
    ({ closed }) => closed.decidedPerSecond / closed.load.acknowledgedPerSecond,
  );
  const goals: [string, Spread, number][] = [
    ['intake, ours / one-by-one: at least 5', against('one-by-one'), 5],
    ['intake, ours / redis: at least 1', against('redis'), 1],
    ['end to end, decided/s / acknowledged/s: at least 0.5', spread(decided), 0.5],
  ];
  const rows = goals
    .filter(([, { median }]) => !Number.isNaN(median))
    .map(([goal, measured, min]) => [goal, spreadText(measured), measured.median >= min ? 'met' : 'missed']);
  if (rows.length === 0) return '';
  return ['### Goals', table(['goal', 'measured', ''], rows)].join('\n\n');
}

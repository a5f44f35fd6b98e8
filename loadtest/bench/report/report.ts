import type { Shares } from '../profile/shares.ts';
import type { Results } from '../results.ts';
import { backlogReport } from './backlog.ts';
import { endToEndReport, lowRateReport, stepsReport } from './end-to-end.ts';
import { goalsReport } from './goals.ts';
import { idleReport } from './idle.ts';
import { intakeReport } from './intake.ts';
import { table } from './table.ts';

/** Parts of the code that a table of shares lists. */
const MAX_PARTS = 16;

/** The whole report, as Markdown. `before`: the measurements of an earlier version, for the goals that compare with it. */
export function report(results: Results, before?: Results): string {
  const { environment, settings, intake, endToEnd, lowRate, steps, backlog, idle, profiles } = results;
  return [
    '# Benchmark',
    Object.entries(environment)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
    'Generator, services, sidecars and Redis share these cores: only ratios are meaningful.',
    ...(Object.keys(intake).length > 0 ? [intakeReport(intake, settings)] : []),
    ...(Object.keys(endToEnd).length > 0 ? [endToEndReport(endToEnd, settings)] : []),
    ...(Object.keys(lowRate).length > 0 ? [lowRateReport(lowRate, settings)] : []),
    ...(steps.length > 0 ? [stepsReport(steps, settings)] : []),
    ...(backlog === undefined ? [] : [backlogReport(backlog, settings)]),
    ...(idle === undefined ? [] : [idleReport(idle)]),
    ...Object.entries(profiles).map(([name, shares]) => sharesReport(name, shares)),
    goalsReport(results, before),
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

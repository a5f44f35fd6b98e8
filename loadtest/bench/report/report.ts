import type { Results } from '../results.ts';
import { acceptanceReport } from './acceptance.ts';
import { backlogReport } from './backlog.ts';
import { expectations } from './expectations.ts';
import { stepsReport } from './steps.ts';
import { wholeReport } from './whole.ts';

/** The whole report, as Markdown. */
export function report(results: Results): string {
  const { environment, settings, acceptance, whole, steps, backlog } = results;
  return [
    '# Benchmark',
    Object.entries(environment)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
    'Generator, services, sidecars and Redis share these cores, so only ratios mean anything.',
    ...(Object.keys(acceptance).length > 0 ? [acceptanceReport(acceptance, settings)] : []),
    ...(Object.keys(whole).length > 0 ? [wholeReport(whole, settings)] : []),
    ...(steps.length > 0 ? [stepsReport(steps, settings)] : []),
    ...(backlog === undefined ? [] : [backlogReport(backlog, settings)]),
    expectations(results),
  ].join('\n\n');
}

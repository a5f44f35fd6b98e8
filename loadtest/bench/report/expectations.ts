import { ratioSpread, type Spread, spread } from '../measure/statistics.ts';
import type { Results } from '../results.ts';
import { spreadText, table } from './table.ts';

/** What this design promises of its speed, beside what this run saw. */
export function expectations({ acceptance, whole }: Results): string {
  const accepted = (name: string) => (acceptance[name] ?? []).map((run) => run.closed.load.acknowledgedPerSecond);
  const against = (name: string) => ratioSpread(accepted('ours'), accepted(name));
  const ours = whole.ours ?? [];
  const kept = spread(ours.map(({ closed }) => closed.settledPerSecond / closed.load.acknowledgedPerSecond));
  const lines: [string, Spread, number][] = [
    ['acceptance, ours / one-by-one: at least 5', against('one-by-one'), 5],
    ['acceptance, ours / redis: at least 1', against('redis'), 1],
    ['everything at work, settled/s / acknowledged/s: at least 0.5', kept, 0.5],
  ];
  const rows = lines
    .filter(([, { median }]) => !Number.isNaN(median))
    .map(([what, seen, least]) => [what, spreadText(seen), seen.median >= least ? 'met' : 'missed']);
  if (rows.length === 0) return '';
  return ['## Expectations', table(['expectation', 'seen', ''], rows)].join('\n\n');
}

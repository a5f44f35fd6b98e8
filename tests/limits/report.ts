import type { Containment } from './containment.ts';
import type { MemoryResult } from './memory.ts';

const MIB = 2 ** 20;
const MAX_SHARE = 0.5;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The largest resident memory of each process in each phase, beside its limit. Passed: below half of the limit, and no kill. */
export function memoryReport(
  { phases, ended, undecided, drainSeconds }: MemoryResult,
  containment: Pick<Containment, 'limitOf' | 'kills'>,
): { readonly text: string; readonly passed: boolean } {
  const names = Object.keys(phases);
  const processes = [...new Set(Object.values(phases).flatMap((peaks) => Object.keys(peaks)))].sort();
  const kills = containment.kills();
  const shares: number[] = [];
  const rows = processes.map((process) => {
    const peaks = names.map((phase) => phases[phase]?.[process]);
    const limit = containment.limitOf(process);
    const share = Math.max(...peaks.filter((peak) => peak !== undefined)) / limit;
    shares.push(share);
    const cells = peaks.map((peak) => (peak === undefined ? '' : String(Math.round(peak / MIB))));
    return row([process, ...cells, String(limit / MIB), `${Math.round(share * 100)} %`, String(kills[process] ?? 0)]);
  });
  const head = ['peak resident MiB', ...names, 'limit', 'share', 'killed by the kernel'];
  const text = [
    row(head),
    row(head.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rows,
    '',
    `${undecided} orders undecided after ${Math.round(drainSeconds)} s; processes that ended by themselves: ${ended.join(', ') || 'none'}`,
  ].join('\n');
  const passed = undecided === 0 && ended.length === 0 && shares.every((share) => share < MAX_SHARE);
  return { text, passed };
}

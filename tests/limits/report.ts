import { spread } from '@standing-order/loadtest/statistics';
import type { AbusePhase, AbuseResult } from './abuse.ts';
import type { Containment } from './containment.ts';
import type { MemoryResult } from './memory.ts';

const MIB = 2 ** 20;
const MAX_SHARE = 0.5;
/** Stores and brokers. Their `maxMemory`, or the heap of Kafka, bounds them closer to their limits. */
const STORE = /^(redis|kafka)\b/;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/**
 * The largest resident memory of each process in each phase, beside its limit. Passed: every service and sidecar is below half of its
 * limit, and no process has ended.
 */
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
    if (!STORE.test(process)) shares.push(share);
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

/** How many times the undisturbed latency the disturbed one may be. */
const MAX_FACTOR = 2;

/** Latency with and without the abuse. Passed: at most twice the latency, every order taken, memory below the limit. */
export function abuseReport(
  { phases, undecided }: AbuseResult,
  containment: Pick<Containment, 'limitOf' | 'kills'>,
): { readonly text: string; readonly passed: boolean } {
  const peak = ({ peaks }: AbusePhase, process: string) => String(Math.round((peaks[process] ?? Number.NaN) / MIB));
  const rows = phases.map((phase, index) =>
    row([
      `${(index >> 1) + 1}, ${phase.disturbed ? 'disturbed' : 'undisturbed'}`,
      phase.p50.toFixed(1),
      phase.p99.toFixed(1),
      String(phase.offered - phase.acknowledged),
      peak(phase, 'order-1'),
      peak(phase, 'order-1-dapr'),
    ]),
  );
  const p99 = (disturbed: boolean) =>
    spread(phases.filter((phase) => phase.disturbed === disturbed).map((phase) => phase.p99)).median;
  const factor = p99(true) / p99(false);
  const notTaken = phases.reduce((sum, { offered, acknowledged }) => sum + offered - acknowledged, 0);
  const share = Math.max(...phases.map(({ peaks }) => (peaks['order-1'] ?? 0) / containment.limitOf('order-1')));
  const kills = Object.values(containment.kills()).reduce((sum, count) => sum + count, 0);
  const head = ['round', 'p50 ms', 'p99 ms', 'not taken', 'service MiB', 'sidecar MiB'];
  const last = phases.findLast(({ disturbed }) => disturbed)?.attack;
  const text = [
    row(head),
    row(head.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rows,
    '',
    `median of the p99: ${p99(false).toFixed(1)} ms undisturbed, ${p99(true).toFixed(1)} ms disturbed, a factor of ${factor.toFixed(2)}`,
    `not taken: ${notTaken}; undecided: ${undecided}; memory: ${Math.round(share * 100)} % of the limit; killed by the kernel: ${kills}`,
    `the abuse of the last round: open ${JSON.stringify(last?.open)}, answered ${JSON.stringify(last?.responses)}`,
  ].join('\n');
  return { text, passed: factor <= MAX_FACTOR && notTaken === 0 && undecided === 0 && share < 1 && kills === 0 };
}

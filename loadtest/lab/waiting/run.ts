import { join } from 'node:path';
import { spreadText } from '../../bench/report/table.ts';
import type { WaitingLabOptions } from '../options.ts';
import { createProgress } from '../progress.ts';
import { measureWaiting } from './measure.ts';
import { addWaitingRun, readWaitingRuns, summariesOf, type WaitingPlan, type WaitingRun } from './result.ts';

/** Requests in flight in the closed loop, as in the benchmark. */
const CONCURRENCY = 256;

export interface WaitingContext {
  readonly commit: string;
  readonly signal: AbortSignal;
}

/** Measures every repetition, the brokers in turns, keeps the results, and prints the ratios. */
export async function runWaiting(options: WaitingLabOptions, { commit, signal }: WaitingContext): Promise<void> {
  const { out } = options;
  let failed = 0;
  for (const plan of plansOf(options)) {
    if (signal.aborted) break;
    const { broker, repetition, orders } = plan;
    const report = createProgress();
    console.log(`${broker}, repetition ${repetition}: ${orders} orders wait`);
    try {
      const dataDir = join(out, 'logs', `waiting-${broker}`);
      const run = await measureWaiting({ plan, dataDir, commit, signal, report });
      await addWaitingRun(out, run);
      report(`drained ${run.drainSeconds.toFixed(1)} s after the restart; ${findingsOf(run)} findings`);
      if (findingsOf(run) > 0) failed += 1;
    } catch (error) {
      if (signal.aborted) break;
      failed += 1;
      console.error(`  NO RESULT: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  for (const { broker, orders, runs, accepted, p99 } of summariesOf(await readWaitingRuns(out)))
    console.log(
      `${broker}, ${orders} orders waiting, ${runs} runs: accepted ${spreadText(accepted.ratio)}, p99 ${spreadText(p99.ratio)} of the control`,
    );
  if (failed > 0 || signal.aborted) process.exitCode = 1;
}

const findingsOf = ({ undecided, lost }: WaitingRun): number => undecided + lost;

const plansOf = ({ brokers, repetitions, orders, rate, seconds }: WaitingLabOptions): WaitingPlan[] =>
  Array.from({ length: repetitions }, (_, index) =>
    brokers.map((broker) => ({ broker, repetition: index + 1, orders, rate, seconds, concurrency: CONCURRENCY })),
  ).flat();

import { mkdir, rm } from 'node:fs/promises';
import { createLocalInjector } from '../inject/local.ts';
import { startLoad } from '../load/k6.ts';
import { countDeadLetters } from '../measure/dead-letters.ts';
import { describeMachine } from '../measure/machine.ts';
import { createSampler } from '../measure/sampler.ts';
import { startTestbed } from '../testbed/testbed.ts';
import { measureRun, type RunOptions } from './measure-run.ts';
import type { RunResult } from './result.ts';

/** Runs one cell on a local platform of its own. */
export async function runCell(options: RunOptions): Promise<RunResult> {
  const { plan, folder, keepLogs } = options;
  if (plan.broker === 'cluster') throw new Error('a cluster has its own runner');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // Ends the load, too, when the run fails.
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const testbed = await startTestbed({ broker: plan.broker, dataDir: folder, signal });
  options.report('started');
  const { platform, clientUrl } = testbed;
  const usage = createSampler(platform);
  try {
    const { order, consumer, restaurant } = platform.urls;
    const [consumerUrl = '', restaurantUrl = ''] = [consumer[0], restaurant[0]];
    const seconds = plan.before + plan.during + plan.after;
    const target = {
      endpoints: { order, consumer: consumerUrl, restaurant: restaurantUrl, client: clientUrl },
      injector: createLocalInjector(testbed, signal),
      describeMachine: async () => describeMachine(),
      startLoad: (run: string, logFile: string) =>
        startLoad({ run, rate: plan.rate, seconds, orderUrls: order, clientUrl, logFile, signal }),
      withStore: <T>(use: (url: string) => Promise<T>) => use(platform.stores.state),
      countDeadLetters: () => countDeadLetters(platform.stores.broker),
      usage,
    };
    const result = await measureRun(target, { ...options, signal });
    // A cluster restarts a process that ended by itself; here it stays down, and the result would be that of another fault.
    if (testbed.crashes.length > 0)
      throw new Error(`ended by themselves: ${testbed.crashes.join(', ')}; logs: ${folder}`);
    if (result.findings.length === 0 && !keepLogs) await rm(folder, { recursive: true, force: true });
    return result;
  } finally {
    usage.end();
    ending.abort();
    await testbed.close();
  }
}

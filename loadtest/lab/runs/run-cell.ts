import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../../checker/check.ts';
import { readLog } from '../../checker/log.ts';
import { readOrders } from '../../checker/store.ts';
import { beginFault } from '../inject/injector.ts';
import { createLocalInjector } from '../inject/local.ts';
import type { FaultTimes } from '../judge/phases.ts';
import { startLoad } from '../load/k6.ts';
import { type Sampler, startSampler } from '../measure/sampler.ts';
import { createEntities, type Endpoints, warmUp } from '../testbed/entities.ts';
import { startTestbed, type Testbed } from '../testbed/testbed.ts';
import type { Fault } from '../timetable/schema.ts';
import { judgeRun } from './judge-run.ts';
import { findUndelivered } from './message-outcomes.ts';
import type { Plan, RunResult } from './result.ts';

/** Time for all orders to be decided after the load. */
const DRAIN_MS = 150_000;

export interface RunOptions {
  readonly plan: Plan;
  readonly fault: Fault;
  /** For data and logs; deleted after a run without findings. */
  readonly folder: string;
  readonly commit: string;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** Runs one cell on a platform of its own. Rejects without a result if the fault did not take effect or the load was not offered. */
export async function runCell(options: RunOptions): Promise<RunResult> {
  const { plan, folder, signal } = options;
  if (plan.broker === 'cluster') throw new Error('a cluster has its own runner');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const testbed = await startTestbed({ broker: plan.broker, dataDir: folder, signal });
  const sampler = startSampler(testbed.platform);
  try {
    const result = await runOn(testbed, sampler, options);
    if (result.findings.length === 0) await rm(folder, { recursive: true, force: true });
    return result;
  } finally {
    sampler.end();
    await testbed.close();
  }
}

async function runOn(
  testbed: Testbed,
  sampler: Sampler,
  { plan, fault, folder, commit, signal, report }: RunOptions,
): Promise<RunResult> {
  const { platform, clientUrl } = testbed;
  const { urls, stores } = platform;
  const [consumer = '', restaurant = ''] = [urls.consumer[0], urls.restaurant[0]];
  const endpoints: Endpoints = { order: urls.order, consumer, restaurant, client: clientUrl };
  const run = `lab-${Date.now().toString(36)}`;
  await createEntities(endpoints, run);
  await warmUp(endpoints, run, signal);
  report('warm');

  const { rate, before, during, after } = plan;
  const seconds = before + during + after;
  const logFile = join(folder, 'load.jsonl');
  await sampler.begin();
  const load = await startLoad({ run, rate, seconds, orderUrls: urls.order, clientUrl, logFile, signal });
  const sleepUntil = (at: number) => pause(Math.max(0, at - Date.now()), undefined, { signal });

  await sleepUntil(load.startedAt + 1_000 * before);
  const active = await beginFault(createLocalInjector(testbed, signal), fault);
  let times: FaultTimes;
  try {
    report(`fault in effect after ${active.effectiveAt - active.beganAt} ms`);
    await sleepUntil(active.beganAt + 1_000 * during);
  } finally {
    // Also when the run is interrupted.
    times = { ...active, ...(await active.end()) };
  }
  report(`fault ended after ${times.endedAt - times.endBeganAt} ms`);
  const requests = readLog(await load.ended, logFile);
  const verdict = await check({ requests, storeUrl: stores.state, waitMs: DRAIN_MS, signal });
  const usage = await sampler.read();
  const undelivered = await findUndelivered(clientUrl, requests, signal);
  const stored = await readOrders(stores.state);
  return judgeRun({
    plan,
    commit,
    requests,
    stored,
    verdict,
    undelivered,
    times,
    startedAt: load.startedAt,
    usage,
    deadLetters: {},
  });
}

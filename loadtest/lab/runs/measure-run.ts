import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../../checker/check.ts';
import { readLog } from '../../checker/log.ts';
import { readOrders } from '../../checker/store.ts';
import { beginFault, type Injector } from '../inject/injector.ts';
import type { FaultTimes } from '../judge/phases.ts';
import type { Load } from '../load/k6.ts';
import type { Sampler } from '../measure/sampler.ts';
import { createEntities, type Endpoints, warmUp } from '../testbed/entities.ts';
import type { Fault } from '../timetable/schema.ts';
import { judgeRun } from './judge-run.ts';
import { findUndelivered } from './message-outcomes.ts';
import type { Plan, RunResult } from './result.ts';

/** Time for all orders to be decided after the load. */
const DRAIN_MS = 150_000;

export interface RunOptions {
  readonly plan: Plan;
  readonly fault: Fault;
  /** For data and logs; deleted after a run without findings, unless `keepLogs` is set. */
  readonly folder: string;
  readonly keepLogs: boolean;
  readonly commit: string;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/** The platform of a run: local processes or a cluster. */
export interface RunTarget {
  /** For the entities and the warm-up, and the message client. */
  readonly endpoints: Endpoints;
  readonly injector: Injector;
  /** Processors and memory of its machine or nodes. */
  describeMachine(): Promise<string>;
  startLoad(run: string, logFile: string): Promise<Load>;
  /** Passes the URL of the state store. */
  withStore<T>(use: (url: string) => Promise<T>): Promise<T>;
  readonly countDeadLetters?: () => Promise<Record<string, number>>;
  readonly usage?: Pick<Sampler, 'begin' | 'read' | 'unnotified'>;
}

/** Runs one fault under load and judges the run. Rejects without a result if the fault had no effect or the load was not offered. */
export async function measureRun(target: RunTarget, options: RunOptions): Promise<RunResult> {
  const { plan, fault, folder, commit, signal, report } = options;
  const { endpoints, injector, withStore } = target;
  const run = `lab-${Date.now().toString(36)}`;
  await createEntities(endpoints, run);
  await warmUp(endpoints, run, signal);
  report('warm');

  const logFile = `${folder}/load.jsonl`;
  await target.usage?.begin();
  const load = await target.startLoad(run, logFile);
  const sleepUntil = (at: number) => pause(Math.max(0, at - Date.now()), undefined, { signal });
  await sleepUntil(load.startedAt + 1_000 * plan.before);
  const active = await beginFault(injector, fault);
  let times: FaultTimes;
  try {
    report(`fault in effect after ${active.effectiveAt - active.beganAt} ms`);
    await sleepUntil(active.beganAt + 1_000 * plan.during);
  } finally {
    // Also when the run is interrupted.
    times = { ...active, ...(await active.end()) };
  }
  report(`fault ended after ${times.endedAt - times.endBeganAt} ms`);

  const requests = readLog(await load.ended, logFile);
  report('load ended');
  const checked = await withStore((storeUrl) => check({ requests, storeUrl, waitMs: DRAIN_MS, signal }));
  const usage = await target.usage?.read();
  const { client } = endpoints;
  const undelivered = client === undefined ? [] : await findUndelivered(client, requests, signal);
  const deadLetters = (await target.countDeadLetters?.()) ?? {};
  const stored = await withStore(readOrders);
  const record = {
    plan,
    commit,
    requests,
    stored,
    checked,
    undelivered,
    times,
    startedAt: load.startedAt,
    deadLetters,
  };
  report('judged');
  const sampled = usage && { usage, unnotified: target.usage?.unnotified() ?? [] };
  return { ...judgeRun({ ...record, ...sampled }), machine: await target.describeMachine() };
}

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand, UsageError } from '@standing-order/tools/cli';
import { stringify } from 'yaml';
import { stopOnSignal } from '../../deploy/tools/src/bootstrap/interrupt.mjs';
import { chaosOf } from './chaos-mesh/objects.ts';
import { isClusterFault } from './cluster/injector.ts';
import { runClusterCell } from './cluster/run-cell.ts';
import { isLocalFault } from './inject/local.ts';
import { type ChaosOptions, createLabCommand, type LabOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { writeReport } from './report/write.ts';
import type { RunOptions } from './runs/measure-run.ts';
import { planRuns, runName } from './runs/plan.ts';
import type { RunResult } from './runs/result.ts';
import { runCell } from './runs/run-cell.ts';
import { openRunStore, type RunStore } from './runs/run-store.ts';
import { summaryLines } from './runs/summary.ts';
import { readFaults } from './timetable/read.ts';
import type { Fault } from './timetable/schema.ts';
import { runWaiting } from './waiting/run.ts';

await runCommand(
  createLabCommand({
    run,
    printChaos,
    report: ({ from, to }) => writeReport(from, to),
    measureWaiting: async (options) => runWaiting(options, { commit: await currentCommit(), signal: stopOnSignal() }),
  }),
);

/** Runs the plans without a result, and writes the report of all results. The first signal undoes the fault and stops everything. */
async function run(options: LabOptions): Promise<void> {
  const faults = await possibleFaults(options);
  const stop = stopOnSignal();
  if (options.quick) await rm(options.out, { recursive: true, force: true });
  const store = openRunStore(join(options.out, 'runs'));
  const done = new Set((await store.read()).map(({ plan }) => runName(plan)));
  const plans = planRuns({ ...options, faults }).filter((plan) => !done.has(runName(plan)));
  const commit = await currentCommit();
  const endAt = performance.now() + 1_000 * (options.deadlineSeconds ?? Number.POSITIVE_INFINITY);
  console.log(`${plans.length} runs to do, ${done.size} done`);
  let failed = 0;
  let completed = 0;
  for (const [index, plan] of plans.entries()) {
    if (stop.aborted || performance.now() > endAt) break;
    const fault = faults.find(({ name }) => name === plan.fault);
    if (fault === undefined) continue;
    console.log(`${index + 1} of ${plans.length}: ${runName(plan)}`);
    const result = await runPlan(options, store, { plan, fault, commit, signal: stop });
    if (result === undefined && stop.aborted) break;
    if (result !== undefined) completed += 1;
    if (result === undefined || result.findings.length > 0) failed += 1;
  }
  if (stop.aborted) console.log('Interrupted; the runs so far are kept.');
  if (completed > 0 || done.size > 0) await writeReport(options.out, options.out);
  console.log(`${completed} runs have a result, ${failed} have none or a finding`);
  if (failed > 0 || stop.aborted) process.exitCode = 1;
}

/** The selected faults that this platform can have. Prints the others, each with its reason. */
async function possibleFaults({ cluster, faults }: LabOptions): Promise<Fault[]> {
  const isPossible = cluster === undefined ? isLocalFault : isClusterFault;
  const { true: possible = [], false: others = [] } = Object.groupBy(await selectFaults(faults), (fault) =>
    isPossible(fault) ? 'true' : 'false',
  );
  for (const { name } of others)
    console.log(
      cluster === undefined
        ? `${name} is left out: only a cluster has it (--cluster)`
        : `${name} is left out: kubectl cannot apply it. With Chaos Mesh: npm run lab -- chaos-mesh --faults ${name}`,
    );
  return possible;
}

/** One run. Undefined if it has no result; the reason is printed, unless the lab was interrupted. */
async function runPlan(
  { cluster, out, keepLogs }: LabOptions,
  store: RunStore,
  task: Pick<RunOptions, 'plan' | 'fault' | 'commit' | 'signal'>,
): Promise<RunResult | undefined> {
  const report = createProgress();
  const runOptions = { ...task, folder: join(out, 'logs', runName(task.plan)), keepLogs, report };
  try {
    const result = await (cluster === undefined ? runCell(runOptions) : runClusterCell(cluster, runOptions));
    await store.write(result);
    report('stopped');
    for (const line of summaryLines(result)) console.log(`  ${line}`);
    return result;
  } catch (error) {
    if (!task.signal.aborted) console.error(`  NO RESULT: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function printChaos({ faults, ...ref }: ChaosOptions): Promise<void> {
  for (const fault of await selectFaults(faults)) {
    const { objects, omitted } = chaosOf(fault, ref);
    for (const reason of omitted) console.log(`# ${fault.name}: ${reason}`);
    for (const object of objects) console.log(`---\n${stringify(object).trimEnd()}`);
  }
}

async function selectFaults(names: readonly string[] | undefined) {
  const faults = await readFaults();
  const unknown = (names ?? []).filter((name) => !faults.some((fault) => fault.name === name));
  if (unknown.length > 0)
    throw new UsageError(`no fault ${unknown.join(', ')}; the faults are ${faults.map(({ name }) => name).join(', ')}`);
  return faults.filter(({ name }) => names === undefined || names.includes(name));
}

async function currentCommit(): Promise<string> {
  const git = promisify(execFile)('git', ['describe', '--always', '--dirty'], { cwd: import.meta.dirname });
  return git.then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
}

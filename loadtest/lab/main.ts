import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand, UsageError } from '@standing-order/tools/cli';
import { stringify } from 'yaml';
import { chaosOf } from './chaos-mesh/objects.ts';
import { isClusterFault } from './cluster/injector.ts';
import { runClusterCell } from './cluster/run-cell.ts';
import { isLocalFault } from './inject/local.ts';
import { type ChaosOptions, createLabCommand, type LabOptions } from './options.ts';
import { writeReport } from './report/write.ts';
import { planRuns, runName } from './runs/plan.ts';
import type { RunResult } from './runs/result.ts';
import { runCell } from './runs/run-cell.ts';
import { openRunStore } from './runs/run-store.ts';
import { summaryLines } from './runs/summary.ts';
import { readFaults } from './timetable/read.ts';
import { runWaiting } from './waiting/run.ts';

await runCommand(
  createLabCommand({
    run,
    printChaos,
    report: ({ from, to }) => writeReport(from, to),
    measureWaiting: async (options) => runWaiting(options, { commit: await currentCommit(), signal: stopOnSignal() }),
  }),
);

async function run(options: LabOptions): Promise<void> {
  const { cluster } = options;
  const selected = await selectFaults(options.faults);
  const faults = selected.filter(cluster === undefined ? isLocalFault : isClusterFault);
  for (const { name } of selected.filter((fault) => !faults.includes(fault)))
    console.log(
      cluster === undefined
        ? `${name} is left out: only a cluster has it (--cluster)`
        : `${name} is left out: kubectl cannot apply it. With Chaos Mesh: npm run lab -- chaos-mesh --faults ${name}`,
    );
  const stop = stopOnSignal();
  if (options.quick) await rm(options.out, { recursive: true, force: true });
  const store = openRunStore(join(options.out, 'runs'));
  const done = new Set((await store.read()).map(({ plan }) => runName(plan)));
  const plans = planRuns({ ...options, faults }).filter((plan) => !done.has(runName(plan)));
  const commit = await currentCommit();
  const endAt = performance.now() + 1_000 * (options.deadlineSeconds ?? Number.POSITIVE_INFINITY);
  console.log(`${plans.length} runs to do, ${done.size} done`);
  let failed = 0;
  const results: RunResult[] = [];
  for (const [index, plan] of plans.entries()) {
    if (stop.aborted || performance.now() > endAt) break;
    const name = runName(plan);
    const fault = faults.find((each) => each.name === plan.fault);
    if (fault === undefined) continue;
    const startedAt = performance.now();
    const report = (line: string) =>
      console.log(`  ${((performance.now() - startedAt) / 1_000).toFixed(1)} s: ${line}`);
    console.log(`${index + 1} of ${plans.length}: ${name}`);
    try {
      const folder = join(options.out, 'logs', name);
      const runOptions = { plan, fault, folder, keepLogs: options.keepLogs, commit, signal: stop, report };
      const result = await (cluster === undefined ? runCell(runOptions) : runClusterCell(cluster, runOptions));
      await store.write(result);
      report('stopped');
      results.push(result);
      for (const line of summaryLines(result)) console.log(`  ${line}`);
      if (result.findings.length > 0) failed += 1;
    } catch (error) {
      if (stop.aborted) break;
      failed += 1;
      console.error(`  NO RESULT: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (stop.aborted) console.log('Interrupted; the runs so far are kept.');
  if (results.length > 0 || done.size > 0) await writeReport(options.out, options.out);
  console.log(`${results.length} runs have a result, ${failed} have none or a finding`);
  if (failed > 0 || stop.aborted) process.exitCode = 1;
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

/** The first signal ends the run in order: the fault is undone and everything is stopped. The second one ends the lab at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort(new Error(`stopped by ${signal}`));
    });
  return controller.signal;
}

async function currentCommit(): Promise<string> {
  const git = promisify(execFile)('git', ['describe', '--always', '--dirty'], { cwd: import.meta.dirname });
  return git.then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
}

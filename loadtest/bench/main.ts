import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@standing-order/tools/cli';
import { environmentOf, progress, withDataDir } from '../measurement.ts';
import { createBenchCommand, type Options, type Scenario } from './options.ts';
import type { Profiler } from './profile/profiler.ts';
import { report } from './report/report.ts';
import { type Results, readResults } from './results.ts';
import { measureBacklog } from './scenarios/backlog.ts';
import { measureEndToEnd, measureLowRate } from './scenarios/end-to-end.ts';
import { measureIdle } from './scenarios/idle.ts';
import { measureIntake } from './scenarios/intake.ts';
import type { DecidedLoad } from './scenarios/run-until-decided.ts';
import { measureSteps } from './scenarios/steps.ts';
import type { Contender } from './testbed/contender.ts';
import type { Bench } from './testbed/testbed.ts';

/** Offsets from the port base, at the end of the platform's thousand ports. */
const INSPECT_PORTS = { service: 990, sidecar: 991 };

/** Runs every contender once per round, one after the other, so that other load on the machine affects all of them. */
async function runInTurns<Run>(
  scenario: string,
  rounds: number,
  runs: Record<string, Run[]>,
  contenders: readonly Contender[],
  run: (contender: Contender, round: number) => Promise<Run>,
  summary: (run: Run) => string,
): Promise<void> {
  for (const { name } of contenders) runs[name] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const result = await run(contender, round);
      runs[contender.name]?.push(result);
      progress(`${scenario}, round ${round} of ${rounds}, ${contender.name}: ${summary(result)}`);
    }
  }
}

/** Adds each measurement to `results` at once, so that a stopped run reports the finished ones. */
async function measure(options: Options, bench: Bench, results: Results): Promise<void> {
  const { settings, contenders, scenarios, profile, portBase } = options;
  const ports = { service: portBase + INSPECT_PORTS.service, sidecar: portBase + INSPECT_PORTS.sidecar };
  const profilerOf = (scenario: Scenario, contender: Contender, round: number): Profiler | undefined => {
    if (profile === undefined || (contender.replicas ?? 1) > 1) return undefined;
    const run = `${scenario}-${contender.name}-${round}`;
    const onShares: Profiler['onShares'] = (process, shares) => {
      results.profiles[`${process} of ${run}`] = shares;
    };
    return { ports, path: join(profile, run), onShares };
  };
  const rates = ({ load, decidedPerSecond }: DecidedLoad) =>
    `${Math.round(load.acknowledgedPerSecond)} acknowledged/s, ${Math.round(decidedPerSecond)} decided/s`;
  if (scenarios.includes('intake'))
    await runInTurns(
      'intake',
      settings.intakeRounds,
      results.intake,
      contenders.filter(({ needsValidators }) => needsValidators !== true),
      (contender, round) => measureIntake(bench, contender, settings, profilerOf('intake', contender, round)),
      ({ closed: { load } }) => `${Math.round(load.acknowledgedPerSecond)} acknowledged/s`,
    );
  if (scenarios.includes('end-to-end'))
    await runInTurns(
      'end to end',
      settings.endToEndRounds,
      results.endToEnd,
      contenders.filter(({ intakeOnly }) => intakeOnly !== true),
      (contender, round) => {
        const saturation = results.endToEnd.ours?.[round - 1]?.closed.decidedPerSecond;
        return measureEndToEnd(bench, contender, settings, saturation, profilerOf('end-to-end', contender, round));
      },
      ({ closed }) => rates(closed),
    );
  if (scenarios.includes('low-rate'))
    await runInTurns(
      'low rate',
      settings.endToEndRounds,
      results.lowRate,
      contenders.filter(({ intakeOnly }) => intakeOnly !== true),
      (contender, round) => measureLowRate(bench, contender, settings, profilerOf('low-rate', contender, round)),
      ({ load, decision }) =>
        `acknowledged after ${load.latency.p50.toFixed(1)} ms, decided after ${decision.p50} ms (medians)`,
    );
  const ours = contenders.find(({ name }) => name === 'ours');
  if (scenarios.includes('steps') && ours !== undefined)
    await measureSteps(bench, ours, settings, (step) => {
      results.steps.push(step);
      progress(`rising rates, ${step.rate} offered/s: ${rates(step.decided)}`);
    });
  if (scenarios.includes('backlog') && ours !== undefined)
    results.backlog = await measureBacklog(
      bench,
      ours,
      settings,
      ports,
      (line) => progress(`backlog: ${line}`),
      profilerOf('backlog', ours, 1),
    );
  if (scenarios.includes('idle')) {
    results.idle = await measureIdle(bench, settings);
    progress('idle: measured');
  }
}

/** Other load takes processor time from some contenders more than from others. */
function warnIfBusy(): void {
  const busy = loadavg()[0] ?? 0;
  if (busy > availableParallelism() / 2)
    progress(`warning: the machine is busy (load average ${busy.toFixed(1)}); the numbers are not meaningful`);
}

async function run(options: Options): Promise<void> {
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true });
  const before = options.before === undefined ? undefined : await readResults(options.before);
  warnIfBusy();
  const results: Results = {
    environment: environmentOf(),
    settings: options.settings,
    intake: {},
    endToEnd: {},
    lowRate: {},
    steps: [],
    profiles: {},
  };
  await withDataDir('bench', async (dataDir, signal) => {
    try {
      await measure(options, { portBase: options.portBase, dataDir, signal }, results);
    } finally {
      if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
      console.log(report(results, before));
    }
  });
}

await runCommand(createBenchCommand(run));

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HELP, type Options, readOptions, type Scenario, UsageError } from './options.ts';
import type { Profiler } from './profile/profiler.ts';
import { report } from './report/report.ts';
import type { Results } from './results.ts';
import type { Contender } from './rig/contender.ts';
import type { Bench } from './rig/rig.ts';
import { acceptance } from './scenarios/acceptance.ts';
import { backlog } from './scenarios/backlog.ts';
import { steps } from './scenarios/steps.ts';
import { whole } from './scenarios/whole.ts';

/** Behind the ports of the platform, which takes a thousand. */
const INSPECT_PORTS = { service: 990, sidecar: 991 };

const progress = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

/** Every contender once per round, one after the other, so that a mood of the machine meets all of them. */
async function inTurns<Run>(
  what: string,
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
      progress(`${what}, round ${round} of ${rounds}, ${contender.name}: ${summary(result)}`);
    }
  }
}

/** Puts what it measures into `results` as it goes, so that a run that is stopped has something to show. */
async function measure(options: Options, bench: Bench, results: Results): Promise<void> {
  const { settings, contenders, scenarios, profile, portBase } = options;
  const ports = { service: portBase + INSPECT_PORTS.service, sidecar: portBase + INSPECT_PORTS.sidecar };
  const profilerOf = (scenario: Scenario, contender: Contender, round: number): Profiler | undefined =>
    profile === undefined ? undefined : { ports, path: join(profile, `${scenario}-${contender.name}-${round}`) };
  if (scenarios.includes('acceptance'))
    await inTurns(
      'acceptance',
      settings.acceptanceRounds,
      results.acceptance,
      contenders.filter(({ needsValidators }) => needsValidators !== true),
      (contender, round) => acceptance(bench, contender, settings, profilerOf('acceptance', contender, round)),
      ({ closed: { load } }) => `${Math.round(load.acknowledgedPerSecond)} acknowledged/s`,
    );
  if (scenarios.includes('whole'))
    await inTurns(
      'whole way',
      settings.wholeRounds,
      results.whole,
      contenders.filter(({ acceptsOnly }) => acceptsOnly !== true),
      (contender, round) => whole(bench, contender, settings, profilerOf('whole', contender, round)),
      ({ closed }) =>
        `${Math.round(closed.load.acknowledgedPerSecond)} acknowledged/s, ${Math.round(closed.settledPerSecond)} settled/s`,
    );
  const ours = contenders.find(({ name }) => name === 'ours');
  if (scenarios.includes('steps') && ours !== undefined)
    await steps(bench, ours, settings, (step) => {
      results.steps.push(step);
      const { load, settledPerSecond } = step.settled;
      progress(
        `rising rates, ${step.rate} offered/s: ${Math.round(load.acknowledgedPerSecond)} acknowledged/s, ${Math.round(settledPerSecond)} settled/s`,
      );
    });
  if (scenarios.includes('backlog') && ours !== undefined)
    results.backlog = await backlog(bench, ours, settings, ports, (line) => progress(`backlog: ${line}`));
}

/** What else runs takes the cores away from some contenders more than from others. */
function warnIfBusy(): void {
  const busy = loadavg()[0] ?? 0;
  if (busy > availableParallelism() / 2)
    progress(`this machine is busy (load average ${busy.toFixed(1)}): the numbers will mean little`);
}

function environment(): Record<string, string> {
  return {
    'load average at the start': loadavg()[0]?.toFixed(1) ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    processor: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}`,
    Node: process.version,
  };
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(HELP);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true });
  warnIfBusy();
  const scratch = await mkdtemp(join(tmpdir(), 'standing-order-bench-'));
  const results: Results = {
    environment: environment(),
    settings: options.settings,
    acceptance: {},
    whole: {},
    steps: [],
  };
  try {
    const bench = { portBase: options.portBase, dataDir: join(scratch, 'd'), signal: stop.signal };
    await measure(options, bench, results);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
    console.log(report(results));
  }
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError;
  console.error(usage ? `${error.message}\nSee --help.` : error);
  process.exitCode = usage ? 2 : 1;
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@standing-order/tools/cli';
import { interruptible } from '../../deploy/tools/src/bootstrap/interrupt.mjs';
import { createProgressReport } from '../../deploy/tools/src/report.ts';
import {
  type Check,
  describeOmitted,
  formatSummary,
  runChecks,
  selectChecks,
  type TestReport,
} from './check-runner.ts';
import { kafkaChecks, postgresqlChecks, redisChecks } from './checks.ts';
import { createClusterTestCommand, type Options } from './options.ts';
import { CLUSTER_READY, imageValue, preparationChecks, prepareOptionalImage } from './preparation.ts';
import { CHART } from './release.ts';
import { runAlone } from './run-alone.ts';
import { chartVersions, Session } from './session.ts';
import { strictChecks } from './strict.ts';
import { upgradeCheck } from './upgrade.ts';

const progress = createProgressReport(process.stderr);
const log = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`);

function allChecks(session: Session, full: boolean): Check[] {
  const redis = [...preparationChecks(session), ...redisChecks(session, [CLUSTER_READY], full)];
  return full ? [...redis, ...fullChecks(session)] : redis;
}

function fullChecks(session: Session): Check[] {
  const kafka = prepareOptionalImage(session, 'kafka');
  const postgresql = prepareOptionalImage(session, 'postgresql');
  return [
    upgradeCheck(session, [CLUSTER_READY]),
    ...strictChecks(session, [CLUSTER_READY]),
    ...kafka.checks,
    ...kafkaChecks(session, imageValue(session, 'kafka'), kafka.needs),
    ...postgresql.checks,
    ...postgresqlChecks(session, imageValue(session, 'postgresql'), postgresql.needs),
  ];
}

async function runTest(options: Options): Promise<TestReport> {
  const startedAt = performance.now();
  const timeLeft = () => options.withinMs - (performance.now() - startedAt);
  return interruptible((signal) =>
    runAlone({ deadlineMs: options.withinMs, signal, log }, () => runSession(options, timeLeft, signal)),
  );
}

async function runSession(options: Options, timeLeft: () => number, signal: AbortSignal): Promise<TestReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'standing-order-cluster-'));
  const session = new Session(options, scratch, signal, (line) => progress.progress(line));
  try {
    const { full, only } = options;
    const checks = allChecks(session, full);
    const selected = only === undefined ? checks : selectChecks(checks, only);
    const report = await runChecks(selected, { timeLeft, signal, log });
    if (only === undefined) for (const line of describeOmitted(selected, allChecks(session, true))) log(line);
    return report;
  } finally {
    progress.done();
    await session.close();
    if (!options.keep) await rm(scratch, { recursive: true, force: true });
    else log(`kept: ${scratch}, with the kubeconfig and the logs of the load`);
  }
}

function exitCodeOf({ checks }: TestReport): number {
  if (checks.length === 0) return 2;
  return checks.some(({ result }) => result === 'failed') ? 1 : 0;
}

const { appVersion } = await chartVersions(CHART);
await runCommand(
  createClusterTestCommand(appVersion, async (options) => {
    const report = await runTest(options);
    if (report.checks.length === 0) console.error(`no name of a check contains "${options.only}"`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    console.log(formatSummary(report).join('\n'));
    process.exitCode = exitCodeOf(report);
  }),
);

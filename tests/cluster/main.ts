import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruptible } from '../../deploy/tools/src/bootstrap/interrupt.mjs';
import { createProgressReport } from '../../deploy/tools/src/report.ts';
import { kafkaChecks, postgresqlChecks, redisChecks } from './checks.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { imageValue, preparation, preparationOf, READY } from './preparation.ts';
import { CHART } from './release.ts';
import { type Check, chosenOf, closingLines, leftOutLines, type Report, runChecks } from './report.ts';
import { chartVersions, Session } from './session.ts';
import { upgradeCheck } from './upgrade.ts';

const report = createProgressReport(process.stderr);
const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${line}`);

async function options(): Promise<Options> {
  const { appVersion } = await chartVersions(CHART);
  try {
    return readOptions(process.argv.slice(2), appVersion);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee --help.`);
    process.exit(2);
  }
}

function allChecks(session: Session, full: boolean): Check[] {
  const redis = [...preparation(session), ...redisChecks(session, [READY], full)];
  return full ? [...redis, ...extraChecks(session)] : redis;
}

function extraChecks(session: Session): Check[] {
  const kafka = preparationOf(session, 'kafka');
  const postgresql = preparationOf(session, 'postgresql');
  return [
    upgradeCheck(session, [READY]),
    ...kafka.checks,
    ...kafkaChecks(session, imageValue(session, 'kafka'), kafka.needs),
    ...postgresql.checks,
    ...postgresqlChecks(session, imageValue(session, 'postgresql'), postgresql.needs),
  ];
}

async function test(chosen: Options): Promise<Report> {
  const began = performance.now();
  const scratch = await mkdtemp(join(tmpdir(), 'standing-order-cluster-'));
  return interruptible(async (signal) => {
    const session = new Session(chosen, scratch, signal, (line) => report.progress(line));
    try {
      const timeLeft = () => chosen.withinMs - (performance.now() - began);
      const { full, only } = chosen;
      const checks = allChecks(session, full);
      const made = only === undefined ? checks : chosenOf(checks, only);
      const result = await runChecks(made, { timeLeft, signal, say });
      if (only === undefined) for (const line of leftOutLines(made, allChecks(session, true))) say(line);
      return result;
    } finally {
      report.done();
      await session.end();
      if (!chosen.keep) await rm(scratch, { recursive: true, force: true });
      else say(`kept: ${scratch}, with the kubeconfig and the logs of the load`);
    }
  });
}

function exitCodeOf({ checks }: Report): number {
  if (checks.length === 0) return 2;
  return checks.some(({ result }) => result === 'failed') ? 1 : 0;
}

const chosen = await options();
if (chosen.help) console.log(HELP);
else {
  const result = await test(chosen);
  if (result.checks.length === 0) console.error(`no check has "${chosen.only}" in its name`);
  if (chosen.json !== undefined) await writeFile(chosen.json, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(closingLines(result).join('\n'));
  process.exitCode = exitCodeOf(result);
}

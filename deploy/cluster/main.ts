import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruptible } from '../tools/src/plain/interrupt.mjs';
import { reportTo } from '../tools/src/plain/report.mjs';
import { releaseChecks } from './checks.ts';
import { HELP, type Options, readOptions } from './options.ts';
import { kafkaImageOf, kafkaPreparation, preparation, READY } from './preparation.ts';
import { CHART } from './release.ts';
import { closingLines, type Report, runChecks } from './report.ts';
import { chartVersions, Session } from './session.ts';
import { upgradeCheck } from './upgrade.ts';

const report = reportTo(process.stderr);
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

function checksOf(session: Session) {
  const redis = [...preparation(session), ...releaseChecks(session, 'Redis', {}, [READY], true)];
  if (!session.options.full) return redis;
  const kafkaImage = kafkaImageOf(session);
  const values = { 'broker.kind': 'kafka', ...(kafkaImage && { kafkaImage }) };
  const { checks, needs } = kafkaPreparation(session);
  return [
    ...redis,
    upgradeCheck(session, [READY]),
    ...checks,
    ...releaseChecks(session, 'Kafka', values, needs, false),
  ];
}

async function test(chosen: Options): Promise<Report> {
  const began = performance.now();
  const scratch = await mkdtemp(join(tmpdir(), 'standing-order-cluster-'));
  return interruptible(async (signal) => {
    const session = new Session(chosen, scratch, signal, (line) => report.progress(line));
    try {
      const timeLeft = () => chosen.withinMs - (performance.now() - began);
      return await runChecks(checksOf(session), { timeLeft, signal, say });
    } finally {
      report.done();
      await session.end();
      if (!chosen.keep) await rm(scratch, { recursive: true, force: true });
      else say(`kept: ${scratch}, with the kubeconfig and the logs of the load`);
    }
  });
}

const chosen = await options();
if (chosen.help) console.log(HELP);
else {
  const result = await test(chosen);
  if (chosen.json !== undefined) await writeFile(chosen.json, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(closingLines(result).join('\n'));
  process.exitCode = result.checks.some(({ result }) => result === 'failed') ? 1 : 0;
}

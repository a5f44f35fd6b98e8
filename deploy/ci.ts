/**
 * What .ci/run starts: the tests, then the cluster test where its disposable cluster is there and the time allows. The last
 * line counts both; what was left out counts as skipped. Arguments go to the tests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { readCounts, sumOfCounts } from './checks/counts.ts';
import { findTestbed } from './cluster/testbed.ts';
import { inWords } from './tools/src/plain/report.mjs';

const minute = 60_000;
/** All of it, where the tools are built already, and where nothing is. */
const WARM_MS = 20 * minute;
const COLD_MS = 60 * minute;
/** The cluster test with Redis; below that it would not come to its end. */
const CLUSTER_MS = 7.5 * minute;
/** For taking the cluster down. */
const END_MS = 0.5 * minute;

const began = performance.now();

/** Runs one of the programs beside this, shows what it prints but for its last line, and resolves to the counts in that. */
async function run(program: string, args: readonly string[]) {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const passOn = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, passOn);
  let last: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (last !== undefined) console.log(last);
    last = line;
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const counts = readCounts(last ?? '');
  const failed = child.exitCode !== 0;
  // A program that ended badly has failed at something, also if it could not say so.
  if (counts === undefined) console.log(last ?? '');
  if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return failed && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function toolsAreThere(): Promise<boolean> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'standing-order');
  return access(join(cache, 'tools')).then(
    () => true,
    () => false,
  );
}

/** Why the cluster test can't be made here; undefined: it can. */
async function reasonToLeaveOut(leftMs: number): Promise<string | undefined> {
  if ((await findTestbed()) === undefined) return 'there is no disposable cluster (../shared/cluster)';
  if (process.getuid?.() !== 0) return 'the disposable cluster needs root';
  if (leftMs < CLUSTER_MS) return `only ${inWords(Math.max(0, leftMs))} are left, it needs ${inWords(CLUSTER_MS)}`;
  return undefined;
}

const budget = (await toolsAreThere()) ? WARM_MS : COLD_MS;
const counts = [await run('test.ts', process.argv.slice(2))];
const left = budget - (performance.now() - began);
const reason = await reasonToLeaveOut(left);
console.log('\nCluster test');
if (reason === undefined) {
  const within = Math.floor((left - END_MS) / 1_000);
  counts.push(await run('cluster/main.ts', ['--test-cluster', '--within', String(within)]));
} else {
  console.log(`LEFT OUT, not passed: ${reason}. By hand: npm run cluster:test -- --help`);
  counts.push({ passed: 0, failed: 0, skipped: 1 });
}
const total = sumOfCounts(counts);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

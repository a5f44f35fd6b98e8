/**
 * What .ci/run starts: the tests, then the cluster test where its disposable cluster is there and the time allows. The last
 * line counts both; what was left out counts as skipped, but for the checks that only `cluster:test -- --full` makes, whose
 * names are told. Arguments go to the tests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { inWords } from '../../deploy/tools/src/plain/report.mjs';
import { findTestbed } from '../cluster/testbed.ts';
import { readCounts, sumOfCounts } from './counts.ts';

const minute = 60_000;
/** 20 minutes where everything is built already, 60 where something is not; the first of them is for the packages. */
const WARM_MS = 19 * minute;
const COLD_MS = 59 * minute;
/** The cluster test with Redis; below that it would not come to its end. */
const CLUSTER_MS = 6.5 * minute;
/** What it takes longer where Kubernetes, its images and Dapr's control plane have to be built. */
const CLUSTER_BUILD_MS = 12 * minute;
/** For taking the cluster down. */
const END_MS = 0.5 * minute;

/** What is kept between runs, in the user's cache: the tools, then what only the cluster test needs. */
const TOOLS = ['standing-order/tools'];
const CLUSTER = ['standing-order/cluster', 'standing-order-cluster/bin/kube', 'standing-order-cluster/base'];

const began = performance.now();

/** Aborted with the name of the signal that wants this to end. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(signal));

/** Runs one of the programs beside this, shows what it prints but for its last line, and resolves to the counts in that. */
async function run(program: string, args: readonly string[]) {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop.signal.addEventListener('abort', () => child.kill(stop.signal.reason));
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

async function areBuilt(names: readonly string[]): Promise<boolean> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const there = await Promise.allSettled(names.map((name) => access(join(cache, name))));
  return there.every(({ status }) => status === 'fulfilled');
}

/** Why the cluster test can't be made here; undefined: it can. */
async function reasonToLeaveOut(leftMs: number, neededMs: number): Promise<string | undefined> {
  if (stop.signal.aborted) return `this was ended by ${stop.signal.reason}`;
  if ((await findTestbed()) === undefined) return 'there is no disposable cluster (../shared/cluster)';
  if (process.getuid?.() !== 0) return 'the disposable cluster needs root';
  if (leftMs < neededMs) return `only ${inWords(Math.max(0, leftMs))} are left, it needs ${inWords(neededMs)}`;
  return undefined;
}

const clusterIsBuilt = await areBuilt(CLUSTER);
const budget = clusterIsBuilt && (await areBuilt(TOOLS)) ? WARM_MS : COLD_MS;
const counts = [await run('test.ts', process.argv.slice(2))];
const left = budget - (performance.now() - began);
const reason = await reasonToLeaveOut(left, clusterIsBuilt ? CLUSTER_MS : CLUSTER_MS + CLUSTER_BUILD_MS);
console.log('\nCluster test');
if (reason === undefined) {
  const within = Math.floor((left - END_MS) / 1_000);
  counts.push(await run('../cluster/main.ts', ['--test-cluster', '--within', String(within)]));
} else {
  console.log(`LEFT OUT, not passed: ${reason}. By hand: npm run cluster:test -- --help`);
  counts.push({ passed: 0, failed: 0, skipped: 1 });
}
const total = sumOfCounts(counts);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

/**
 * Started by .ci/run: runs all tests, compares the packages with published advisories, then runs the cluster test where its
 * disposable cluster is there and the time allows. The last line counts all three. A comparison that the registry does not offer and
 * a cluster test that is left out count as one skipped test each.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createCommand, runCommand } from '@standing-order/tools/cli';
import { inWords } from '../../deploy/tools/src/report.ts';
import { findTestbed } from '../cluster/testbed.ts';
import { auditPackages, countOf } from './advisories.ts';
import { type Counts, readCounts, sumOfCounts } from './counts.ts';

const MINUTE_MS = 60_000;
/** The time for everything: with all tools built, and with some still to be built. */
const BUDGET_MS = { warm: 29 * MINUTE_MS, cold: 69 * MINUTE_MS };
/** The time that the cluster test takes, without `--full`. */
const CLUSTER_MS = 6.5 * MINUTE_MS;
/** The additional time where Kubernetes, its images and Dapr's control plane have to be built. */
const CLUSTER_BUILD_MS = 12 * MINUTE_MS;
/** The time for taking the cluster down. */
const TEARDOWN_MS = 0.5 * MINUTE_MS;

/** Folders of the user's cache: of the tools, and of the cluster test. */
const TOOLS = ['standing-order/tools'];
const CLUSTER = ['standing-order/cluster', 'standing-order-cluster/bin/kube', 'standing-order-cluster/base'];

const startedAt = performance.now();

/** Aborted with the name of the signal that ends this process. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(signal));

/** Runs a program of this repository, prints all of its lines but the last, and resolves to the counts in the last one. */
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
  if (counts === undefined) {
    console.log(last ?? '');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A program with another exit code than 0 has failed, even if its last line counts no failure.
  return child.exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** Prints and counts the comparison of the lock file with published advisories. */
async function runAudit(): Promise<Counts> {
  console.log('\nAdvisories (npm audit)');
  const audit = await auditPackages(resolve(import.meta.dirname, '../..'), stop.signal).catch((error: unknown) => ({
    outcome: stop.signal.aborted ? ('skipped' as const) : ('failed' as const),
    lines: [String(error)],
  }));
  for (const line of audit.lines) console.log(line);
  return countOf(audit);
}

async function areBuilt(names: readonly string[]): Promise<boolean> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const found = await Promise.allSettled(names.map((name) => access(join(cache, name))));
  return found.every(({ status }) => status === 'fulfilled');
}

/** Why the cluster test cannot run here; undefined if it can. */
async function reasonToSkip(leftMs: number, neededMs: number): Promise<string | undefined> {
  if (stop.signal.aborted) return `this run was ended by ${stop.signal.reason}`;
  if ((await findTestbed()) === undefined) return 'there is no disposable cluster (../shared/cluster)';
  if (process.getuid?.() !== 0) return 'the disposable cluster needs root';
  if (leftMs < neededMs) return `${inWords(Math.max(0, leftMs))} are left and it needs ${inWords(neededMs)}`;
  return undefined;
}

async function runAll(): Promise<void> {
  const clusterIsBuilt = await areBuilt(CLUSTER);
  const budgetMs = clusterIsBuilt && (await areBuilt(TOOLS)) ? BUDGET_MS.warm : BUDGET_MS.cold;
  const counts = [await run('main.ts', []), await runAudit()];
  const leftMs = budgetMs - (performance.now() - startedAt);
  const reason = await reasonToSkip(leftMs, clusterIsBuilt ? CLUSTER_MS : CLUSTER_MS + CLUSTER_BUILD_MS);
  console.log('\nCluster test');
  if (reason === undefined) {
    const withinSeconds = Math.floor((leftMs - TEARDOWN_MS) / 1_000);
    counts.push(await run('../cluster/main.ts', ['--test-cluster', '--within', String(withinSeconds)]));
  } else {
    console.log(`SKIPPED, not passed: ${reason}. Run it by hand: npm run cluster:test -- --help`);
    counts.push({ passed: 0, failed: 0, skipped: 1 });
  }
  const total = sumOfCounts(counts);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await runCommand(
  createCommand(
    'ci',
    'Runs all tests and npm audit, then the cluster test where its disposable cluster is available.',
  ).action(runAll),
);

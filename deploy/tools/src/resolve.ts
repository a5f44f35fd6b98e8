import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { interruptible } from './bootstrap/interrupt.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { unpackFromDebian } from './debian.ts';
import { type Environment, findInstalled, inspect } from './find.ts';
import { type BuildRequest, buildFromGo, fingerprintOf } from './go.ts';
import { downloadFromMaven } from './maven.ts';
import { reasonOf } from './reason.ts';
import { inWords, type ProgressReport } from './report.ts';
import type { Tool } from './table.ts';
import { choose } from './versions.ts';

const MINUTE = 60_000;
/** The file in a tool's folder with the fingerprint of the sources that it was built from. */
const FINGERPRINT_FILE = '.fingerprint';

/** The path of a supported program, and its origin. */
export interface ResolvedTool {
  readonly path: string;
  readonly version: string;
  readonly from: 'installed' | 'cache' | 'built';
}

/**
 * Finds a tool on PATH and in its usual folders, then in the cache. Otherwise builds it in the cache. If several
 * processes need it, one builds and the others wait. Rejects with an installation hint and the reason of the failure.
 */
export async function resolve(tool: Tool, environment: Environment, report: ProgressReport): Promise<ResolvedTool> {
  const { chosen, rejected } = choose(await findInstalled(tool, environment), tool.wanted);
  for (const reason of rejected) report.note(reason);
  if (chosen?.version !== undefined) return { path: chosen.path, version: chosen.version, from: 'installed' };
  const cached = await findCached(tool, environment);
  if (cached !== undefined) return cached;
  try {
    return await interruptible((signal) => buildOnce(tool, environment, report, signal));
  } catch (cause) {
    throw new Error(`${tool.name} is missing: ${tool.installHint}.\nIt could not be built here: ${reasonOf(cause)}`, {
      cause,
    });
  } finally {
    report.done();
  }
}

function folderOf(tool: Tool, environment: Environment): string {
  return join(environment.cache, `${tool.name}-${tool.wanted.atLeast}`);
}

async function findCached(tool: Tool, environment: Environment): Promise<ResolvedTool | undefined> {
  const folder = folderOf(tool, environment);
  if (!(await isCurrent(tool, folder))) return undefined;
  const candidate = await inspect(tool, folder);
  const { chosen } = choose(candidate === undefined ? [] : [candidate], tool.wanted);
  return chosen?.version === undefined ? undefined : { path: chosen.path, version: chosen.version, from: 'cache' };
}

/** False for a Go program that was built from other sources, such as a daprd with other components. */
async function isCurrent({ source }: Tool, folder: string): Promise<boolean> {
  if (source.kind !== 'go') return true;
  const built = await readFile(join(folder, FINGERPRINT_FILE), 'utf8').catch(() => undefined);
  return built === (await fingerprintOf(source));
}

async function buildOnce(
  tool: Tool,
  environment: Environment,
  report: ProgressReport,
  signal: AbortSignal,
): Promise<ResolvedTool> {
  const onWait = (holder: number, waitedMs: number) =>
    report.progress(`${tool.name}: waiting for process ${holder}, which builds it, ${inWords(waitedMs)}`);
  const options = { deadlineMs: 100 * MINUTE, signal, onWait };
  return withLock(join(environment.cache, `.${tool.name}.lock`), options, async () => {
    const cached = await findCached(tool, environment);
    return cached ?? build(tool, environment, report, signal);
  });
}

async function build(
  tool: Tool,
  environment: Environment,
  report: ProgressReport,
  signal: AbortSignal,
): Promise<ResolvedTool> {
  const began = performance.now();
  const prefix = `.${tool.name}-building-`;
  // Left by a process that was killed. The lock excludes other builds.
  for (const entry of await readdir(environment.cache)) {
    if (entry.startsWith(prefix)) await rm(join(environment.cache, entry), { recursive: true });
  }
  const into = await mkdtemp(join(environment.cache, prefix));
  // postgres refuses to run as root, so another user must be able to read the folder.
  await chmod(into, 0o755);
  const folder = folderOf(tool, environment);
  try {
    await buildInto(tool, { name: tool.name, into, signal, report });
    const candidate = await inspect(tool, into);
    const { chosen, rejected } = choose(candidate === undefined ? [] : [candidate], tool.wanted);
    if (chosen?.version === undefined) throw new Error(rejected[0] ?? 'the build does not contain the program');
    await rm(folder, { recursive: true, force: true });
    await rename(into, folder);
    report.note(`${tool.name} ${chosen.version}: built in ${inWords(performance.now() - began)} in ${folder}`);
    return { path: join(folder, tool.name), version: chosen.version, from: 'built' };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

async function buildInto(tool: Tool, request: BuildRequest): Promise<void> {
  switch (tool.source.kind) {
    case 'go': {
      const fingerprint = await fingerprintOf(tool.source);
      await buildFromGo(tool.source, request);
      await writeFile(join(request.into, FINGERPRINT_FILE), fingerprint);
      return;
    }
    case 'debian':
      return unpackFromDebian(tool.source, [tool.name, ...tool.companions], request);
    case 'maven':
      return downloadFromMaven(tool.source, request);
  }
}

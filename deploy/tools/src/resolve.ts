import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackFromDebian } from './debian.ts';
import { findInstalled, inspect, type Surroundings } from './find.ts';
import { type BuildOrder, buildFromGo } from './go.ts';
import { fetchFromMaven } from './maven.ts';
import { interruptible } from './plain/interrupt.mjs';
import { withLock } from './plain/lock.mjs';
import { inWords, type Report } from './plain/report.mjs';
import type { Tool } from './table.ts';
import { choose } from './versions.ts';

const minute = 60_000;

/** The path of a program that will do, and where it came from. */
export interface Resolved {
  readonly path: string;
  readonly version: string;
  readonly from: 'installed' | 'cache' | 'built';
}

/**
 * Finds a tool on PATH and in its usual places, then in the cache; else makes it, in the cache. Of several processes
 * one makes it and the others wait. Rejects with an Error that says how to get it by hand, and then why it could not be made.
 */
export async function resolve(tool: Tool, around: Surroundings, report: Report): Promise<Resolved> {
  const { chosen, refused } = choose(await findInstalled(tool, around), tool.wanted);
  for (const reason of refused) report.note(reason);
  if (chosen?.version !== undefined) return { path: chosen.path, version: chosen.version, from: 'installed' };
  const cached = await findCached(tool, around);
  if (cached !== undefined) return cached;
  try {
    return await interruptible((signal) => makeOnce(tool, around, report, signal));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${tool.name} is missing: ${tool.byHand}.\nIt could not be made here: ${why}`, { cause });
  } finally {
    report.done();
  }
}

function folderOf(tool: Tool, around: Surroundings): string {
  return join(around.cache, `${tool.name}-${tool.wanted.atLeast}`);
}

async function findCached(tool: Tool, around: Surroundings): Promise<Resolved | undefined> {
  const candidate = await inspect(tool, folderOf(tool, around));
  const { chosen } = choose(candidate === undefined ? [] : [candidate], tool.wanted);
  return chosen?.version === undefined ? undefined : { path: chosen.path, version: chosen.version, from: 'cache' };
}

async function makeOnce(tool: Tool, around: Surroundings, report: Report, signal: AbortSignal): Promise<Resolved> {
  const onWait = (holder: number, waitedMs: number) =>
    report.progress(`${tool.name}: process ${holder} is making it, waiting, ${inWords(waitedMs)}`);
  const options = { deadlineMs: 100 * minute, signal, onWait };
  return withLock(join(around.cache, `.${tool.name}.lock`), options, async () => {
    const made = await findCached(tool, around);
    return made ?? make(tool, around, report, signal);
  });
}

async function make(tool: Tool, around: Surroundings, report: Report, signal: AbortSignal): Promise<Resolved> {
  const began = performance.now();
  const prefix = `.${tool.name}-making-`;
  // Left by a process that was killed; under the lock no other can be at work there.
  for (const entry of await readdir(around.cache)) {
    if (entry.startsWith(prefix)) await rm(join(around.cache, entry), { recursive: true });
  }
  const into = await mkdtemp(join(around.cache, prefix));
  // postgres refuses to run as root, so another user may have to reach it.
  await chmod(into, 0o755);
  const folder = folderOf(tool, around);
  try {
    await makeInto(tool, { name: tool.name, into, signal, report });
    const candidate = await inspect(tool, into);
    const { chosen, refused } = choose(candidate === undefined ? [] : [candidate], tool.wanted);
    if (chosen?.version === undefined) throw new Error(refused[0] ?? 'what was made does not hold it');
    await rm(folder, { recursive: true, force: true });
    await rename(into, folder);
    report.note(`${tool.name} ${chosen.version}: made in ${inWords(performance.now() - began)}, kept in ${folder}`);
    return { path: join(folder, tool.name), version: chosen.version, from: 'built' };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

function makeInto(tool: Tool, order: BuildOrder): Promise<void> {
  switch (tool.source.kind) {
    case 'go':
      return buildFromGo(tool.source, order);
    case 'debian':
      return unpackFromDebian(tool.source, [tool.name, ...tool.beside], order);
    case 'maven':
      return fetchFromMaven(tool.source, order);
  }
}

import { constants } from 'node:fs';
import { access, glob, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { runProgram } from './plain/program.mjs';
import type { Tool } from './table.ts';
import { type Candidate, parseVersion } from './versions.ts';

/** Where tools are looked for; tests give others than the machine's own. */
export interface Surroundings {
  /** As in the environment variable PATH. */
  readonly path: string;
  readonly home: string;
  /** The folder that holds one folder per tool and version. */
  readonly cache: string;
}

/** Every copy of a tool on PATH and in its usual places, in order of preference, with what each says it is. */
export async function findInstalled(tool: Tool, around: Surroundings): Promise<Candidate[]> {
  const folders = around.path.split(delimiter).filter((folder) => folder !== '');
  for (const place of tool.places) {
    folders.push(...(await Array.fromAsync(glob(place.replace(/^~/, around.home)))));
  }
  const seen = new Set<string>();
  const found: Candidate[] = [];
  for (const folder of folders) {
    const candidate = await inspect(tool, folder, seen);
    if (candidate !== undefined) found.push(candidate);
  }
  return found;
}

/** The copy of a tool in one folder; undefined if it is not there with all that belongs to it, or was seen before. */
export async function inspect(
  tool: Tool,
  folder: string,
  seen: Set<string> = new Set(),
): Promise<Candidate | undefined> {
  const link = join(folder, tool.name);
  if (!(await isProgram(link))) return undefined;
  const target = await realpath(link);
  if (seen.has(target)) return undefined;
  seen.add(target);
  // The name counts: Debian's redis-server is a link to redis-check-rdb. Only what comes with a tool may need the target.
  const path = (await allBeside(tool, folder)) ? link : target;
  if (path === target && !(await allBeside(tool, dirname(target)))) return undefined;
  const version = await askVersion(tool, path);
  return version === undefined ? { path } : { path, version };
}

async function allBeside(tool: Tool, folder: string): Promise<boolean> {
  const there = await Promise.all(tool.beside.map((name) => isProgram(join(folder, name))));
  return there.every(Boolean);
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function askVersion(tool: Tool, path: string): Promise<string | undefined> {
  try {
    return parseVersion(await runProgram(path, tool.versionArguments ?? ['--version'], { deadlineMs: 20_000 }));
  } catch {
    // A program that does not even tell its version is no candidate; the choice says so.
    return undefined;
  }
}

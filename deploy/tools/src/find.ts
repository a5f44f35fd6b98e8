import { constants } from 'node:fs';
import { access, glob, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { runProgram } from './program.ts';
import type { Tool } from './table.ts';
import { type Candidate, parseVersion } from './versions.ts';

const VERSION_DEADLINE_MS = 20_000;

/** The folders in which tools are searched. Tests use other folders than those of the machine. */
export interface Environment {
  /** As in the environment variable PATH. */
  readonly path: string;
  readonly home: string;
  /** The folder that holds one folder per tool and version. */
  readonly cache: string;
}

/** Finds every copy of a tool on PATH and in its usual folders, in order of preference, with its version. */
export async function findInstalled(tool: Tool, environment: Environment): Promise<Candidate[]> {
  const folders = environment.path.split(delimiter).filter((folder) => folder !== '');
  for (const pattern of tool.folders) {
    folders.push(...(await Array.fromAsync(glob(pattern.replace(/^~/, environment.home)))));
  }
  const seen = new Set<string>();
  const found: Candidate[] = [];
  for (const folder of folders) {
    const candidate = await inspect(tool, folder, seen);
    if (candidate !== undefined) found.push(candidate);
  }
  return found;
}

/** The copy of a tool in one folder. Undefined if the tool or a companion is missing, or the copy was seen before. */
export async function inspect(
  tool: Tool,
  folder: string,
  seen: Set<string> = new Set(),
): Promise<Candidate | undefined> {
  const link = join(folder, tool.name);
  if (!(await isExecutable(link))) return undefined;
  const target = await realpath(link);
  if (seen.has(target)) return undefined;
  seen.add(target);
  // The name matters: Debian's redis-server is a link to redis-check-rdb. Use the target only to find the companions.
  const path = (await hasCompanions(tool, folder)) ? link : target;
  if (path === target && !(await hasCompanions(tool, dirname(target)))) return undefined;
  const version = await readVersion(tool, path);
  return version === undefined ? { path } : { path, version };
}

async function hasCompanions(tool: Tool, folder: string): Promise<boolean> {
  const present = await Promise.all(tool.companions.map((name) => isExecutable(join(folder, name))));
  return present.every(Boolean);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function readVersion(tool: Tool, path: string): Promise<string | undefined> {
  try {
    const args = tool.versionArguments ?? ['--version'];
    const lines: string[] = [];
    const onLine = (line: string) => lines.push(line);
    const printed = await runProgram(path, args, { deadlineMs: VERSION_DEADLINE_MS, onLine });
    // nginx prints its version on stderr.
    return parseVersion(printed) ?? parseVersion(lines.join('\n'));
  } catch {
    // A program that cannot print its version is not a candidate. `choose` gives the reason.
    return undefined;
  }
}

import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Environment } from './find.ts';
import { createProgressReport, type ProgressReport } from './report.ts';
import { type ResolvedTool, resolve } from './resolve.ts';
import { TOOLS, type Tool, type ToolName } from './table.ts';

export { withLock } from './bootstrap/lock.mjs';
export { reasonOf } from './reason.ts';
export type { ResolvedTool } from './resolve.ts';
export type { ToolName } from './table.ts';

export const toolNames: readonly ToolName[] = Object.keys(TOOLS).filter(isToolName);

function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/**
 * The absolute path of a program that runs and has a supported version. Its companions are in the same folder (`initdb`
 * and `pg_ctl` beside `postgres`). The first call on a machine may take minutes: it reports progress on stderr, or to
 * `onProgress`. Rejects with an error that names the missing tool and how to install it.
 */
export async function resolveTool(
  name: ToolName,
  options: { readonly onProgress?: (line: string) => void } = {},
): Promise<string> {
  return (await describeTool(name, createProgressReport(process.stderr, options.onProgress))).path;
}

/** Like `resolveTool`, with the version and the origin of the program. */
export function describeTool(name: ToolName, report: ProgressReport): Promise<ResolvedTool> {
  const tool: Tool = TOOLS[name];
  return resolve(tool, machineEnvironment(), report);
}

function machineEnvironment(): Environment {
  const home = homedir();
  const cacheHome = process.env.XDG_CACHE_HOME || join(home, '.cache');
  const javaHome = process.env.JAVA_HOME;
  const path = [...(javaHome ? [join(javaHome, 'bin')] : []), process.env.PATH ?? ''].join(delimiter);
  return { path, home, cache: join(cacheHome, 'standing-order', 'tools') };
}

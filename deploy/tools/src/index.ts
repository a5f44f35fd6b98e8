import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Surroundings } from './find.ts';
import { type Report, reportTo } from './plain/report.mjs';
import { type Resolved, resolve } from './resolve.ts';
import { type Tool, type ToolName, tools } from './table.ts';

export { withLock } from './plain/lock.mjs';
export type { Resolved } from './resolve.ts';
export type { ToolName } from './table.ts';

/** The names that can be asked for. */
export const toolNames: readonly ToolName[] = Object.keys(tools).filter(isToolName);

/** Whether a tool of this name can be asked for. */
export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(tools, name);
}

/**
 * The absolute path of a program that runs and has a version that will do; what belongs to it is in the same folder
 * (`initdb` and `pg_ctl` beside `postgres`). The first call on a machine may take minutes: it tells on stderr what it
 * does, or tells `onProgress`. Rejects with an Error that says what is missing and how to get it.
 */
export async function resolveTool(
  name: ToolName,
  options: { readonly onProgress?: (line: string) => void } = {},
): Promise<string> {
  return (await describeTool(name, reportTo(process.stderr, options.onProgress))).path;
}

/** Like `resolveTool`, with the version and where it came from. */
export function describeTool(name: ToolName, report: Report): Promise<Resolved> {
  const tool: Tool = tools[name];
  return resolve(tool, machine(), report);
}

function machine(): Surroundings {
  const home = homedir();
  const cacheHome = process.env.XDG_CACHE_HOME || join(home, '.cache');
  const javaHome = process.env.JAVA_HOME;
  const path = [...(javaHome ? [join(javaHome, 'bin')] : []), process.env.PATH ?? ''].join(delimiter);
  return { path, home, cache: join(cacheHome, 'standing-order', 'tools') };
}

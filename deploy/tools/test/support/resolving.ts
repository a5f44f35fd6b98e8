import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ResolvedTool } from '../../src/resolve.ts';

const script = fileURLToPath(new URL('../resolve-one.ts', import.meta.url));

/** Resolves a tool in a process of its own. */
export function startResolve(input: { tool: object; environment: object }, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [script, JSON.stringify(input)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Its result: the tool, its standard error, and its exit code or the signal that ended it. */
export async function finish(
  child: ChildProcess,
): Promise<{ resolved?: ResolvedTool; stderr: string; ended: unknown }> {
  if (child.stdout === null || child.stderr === null) throw new Error('its output is not piped');
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { ...(stdout !== '' && { resolved: JSON.parse(stdout) }), stderr, ended: signal ?? code };
}

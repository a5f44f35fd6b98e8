import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Resolved } from '../../src/resolve.ts';

const script = fileURLToPath(new URL('../resolve-one.ts', import.meta.url));

/** Resolves a tool in a process of its own; `what` is its tool and its surroundings. */
export function startResolve(what: object, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [script, JSON.stringify(what)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What came of it: the tool, what it said on stderr, and its exit code or the signal that ended it. */
export async function finish(child: ChildProcess): Promise<{ resolved?: Resolved; said: string; ended: unknown }> {
  if (child.stdout === null || child.stderr === null) throw new Error('its output is not piped');
  const [printed, said, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { ...(printed !== '' && { resolved: JSON.parse(printed) }), said, ended: signal ?? code };
}

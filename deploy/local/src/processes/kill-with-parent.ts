import { type ChildProcess, spawn } from 'node:child_process';
import type { Program } from './spec.ts';

/**
 * Runs in the process's own session: starts a watcher that reads a pipe from the supervisor, then becomes the
 * program. When the supervisor closes the pipe or dies, the watcher kills the remaining session and the program's children,
 * which may have left the session and may be paused. The watcher is in that process group itself, so
 * the group's number cannot be given to another before it acts.
 */
const guard = `
( (
  read -r _ <&3
  for child in $(ps -A -o pid=,ppid= | awk -v process=$$ '$2 == process { print $1 }'); do kill -KILL "$child"; done
  kill -KILL -$$
) </dev/null >/dev/null 2>&1 & )
exec 3<&-
exec "$@"
`;

/** Starts a program that cannot outlive this process. Output goes straight to the open file `log`. */
export function spawnKilledWithParent(program: Program, cwd: string, log: number): ChildProcess {
  const child = spawn('/bin/sh', ['-c', guard, 'guard', program.file, ...program.args], {
    cwd,
    env: { ...program.env },
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
    ...program.user,
  });
  const pipe = child.stdio[3];
  // The watcher never writes: an error means that the watcher and its process have ended.
  pipe?.on('error', () => {});
  child.once('exit', () => pipe?.destroy());
  return child;
}

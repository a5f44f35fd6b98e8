import { closeSync, openSync, readFileSync } from 'node:fs';
import { spawnKilledWithParent } from '@standing-order/local/processes/kill-with-parent';
import type { Program } from '@standing-order/local/processes/spec';
import { poll } from '@standing-order/testing/poll';

/** A program that a test runs, with its output in a file. */
export interface Child {
  /** Its output to stdout and stderr so far. */
  output(): string;
  /** Sends SIGKILL; resolves when the program has ended. */
  kill(): Promise<void>;
  /** Sends SIGTERM, and SIGKILL after 10 s; resolves when the program has ended. */
  stop(): Promise<void>;
  /** SIGSTOP, and SIGCONT. */
  pause(): void;
  resume(): void;
}

/** Starts a program whose output goes to `logFile`. It also ends when this process ends. */
export const startChild = (command: string, args: readonly string[], logFile: string, env: NodeJS.ProcessEnv): Child =>
  startProgram({ file: command, args, env }, logFile);

/** The same, for a program with a user of its own. */
export function startProgram(program: Program, logFile: string, cwd = process.cwd()): Child {
  const log = openSync(logFile, 'a');
  const child = spawnKilledWithParent(program, cwd, log);
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return {
    output: () => readFileSync(logFile, 'utf8'),
    kill: () => end('SIGKILL'),
    async stop() {
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await end('SIGTERM');
      clearTimeout(force);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** Resolves when `url` answers 2xx; rejects, with the program's output, when it does not in time. */
export async function answers(url: string, child: Child): Promise<void> {
  const readStatus = async () => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).status;
  try {
    await poll(`${url} answers`, readStatus, (status) => status >= 200 && status < 300);
  } catch (error) {
    throw new Error(`${String(error)}\n${child.output().slice(-4_000)}`);
  }
}

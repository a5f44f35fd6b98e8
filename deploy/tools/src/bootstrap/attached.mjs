import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end with this process's input and output. Each signal reaches the program once; this process
 * waits for the program. Rejects if the program cannot be started.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, deadlineMs?: number, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<{ code: number, interrupted: boolean }>} the exit code as a shell reports it (128 + signal number);
 *   `interrupted` is true if this process received a signal meanwhile
 */
export function runAttached(command, args, { cwd, env = process.env, deadlineMs, stdio = 'inherit' } = {}) {
  const child = spawn(command, args, { stdio, env, cwd });
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  let interrupted = false;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    interrupted = true;
    // A terminal sends Ctrl-C to the child as well. A forwarded one would arrive twice.
    if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const deadline = deadlineMs === undefined ? undefined : setTimeout(() => child.kill('SIGTERM'), deadlineMs);
  return new Promise((resolve, reject) => {
    const cleanUp = () => {
      clearTimeout(deadline);
      for (const signal of SIGNALS) process.off(signal, forward);
    };
    child.once('error', (error) => {
      cleanUp();
      reject(new Error(`${command} could not be started: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      cleanUp();
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), interrupted });
    });
  });
}

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a program that takes over this one's input and output, to its end. Signals reach it once each; this process
 * waits for it. Rejects if it cannot be started.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, deadlineMs?: number }} [options]
 * @returns {Promise<{ code: number, interrupted: boolean }>} the exit code as a shell tells it (128 + signal number);
 *   `interrupted` if this process was asked to end meanwhile
 */
export function runAttached(command, args, { env = process.env, deadlineMs } = {}) {
  const child = spawn(command, args, { stdio: 'inherit', env });
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  let interrupted = false;
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    interrupted = true;
    // A terminal sends Ctrl-C to the child itself; passed on, it would arrive twice.
    if (signal !== 'SIGINT' || !onTerminal) child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, passOn);
  const deadline = deadlineMs === undefined ? undefined : setTimeout(() => child.kill('SIGTERM'), deadlineMs);
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearTimeout(deadline);
      for (const signal of signals) process.off(signal, passOn);
    };
    child.once('error', (error) => {
      settle();
      reject(new Error(`${command} could not be started: ${error.message}`, { cause: error }));
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), interrupted });
    });
  });
}

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * How one program is run: `deadlineMs` and `signal` end it, `onLine` sees every line that it prints, on either stream.
 * @typedef {{
 *   deadlineMs: number,
 *   cwd?: string,
 *   env?: NodeJS.ProcessEnv,
 *   signal?: AbortSignal,
 *   onLine?: (line: string) => void,
 * }} RunOptions
 */

const firstLines = 6;
const lastLines = 15;
const graceMs = 5_000;

/**
 * Runs a program to its end and gives what it printed on standard output. Rejects with an Error that carries the first
 * and the last lines it printed if it cannot start, ends with another code than 0, passes its deadline or is aborted.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<string>}
 */
export function runProgram(command, args, { deadlineMs, cwd, env = process.env, signal, onLine }) {
  /** @type {string[]} */
  const printed = [];
  /** @type {string[]} */
  const kept = [];
  /** @param {string} line */
  const see = (line) => {
    kept.push(line);
    if (kept.length > firstLines + lastLines) kept.splice(firstLines, 1);
    onLine?.(line);
  };
  signal?.throwIfAborted();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => printed.push(line));
  output.on('line', see);
  createInterface({ input: child.stderr }).on('line', see);
  return new Promise((resolve, reject) => {
    const what = [command, ...args.slice(0, 2)].join(' ');
    /** @type {string | undefined} */
    let ended;
    /** @type {NodeJS.Timeout | undefined} */
    let kill;
    /** @param {string} why */
    const end = (why) => {
      ended = why;
      child.kill('SIGTERM');
      kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
    };
    const abort = () => end('was interrupted');
    const deadline = setTimeout(() => end(`was not done within ${deadlineMs / 1000} s`), deadlineMs);
    signal?.addEventListener('abort', abort);
    const settle = () => {
      clearTimeout(deadline);
      clearTimeout(kill);
      signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      settle();
      reject(new Error(`${what}: ${error.message}`, { cause: error }));
    });
    // What the program started itself may hold its output open, so its end does not wait for that for long.
    child.once('exit', () => setTimeout(() => child.stdout.destroy(), graceMs).unref());
    child.once('exit', () => setTimeout(() => child.stderr.destroy(), graceMs).unref());
    child.once('close', (code, killedBy) => {
      settle();
      if (code === 0 && ended === undefined) resolve(printed.join('\n'));
      else reject(new Error([`${what} ${ended ?? `ended with ${code ?? killedBy}`}`, ...kept].join('\n')));
    });
  });
}

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How one program is run: `deadlineMs` ends it, `onLine` sees every line that it prints, on either stream. */
export interface RunOptions {
  readonly deadlineMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

const tailLines = 15;

/**
 * Runs a program to its end and gives what it printed on standard output. Rejects with an Error that carries the last
 * lines it printed if it cannot start, ends with another code than 0, passes its deadline or is aborted.
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]),
  });
  const printed: string[] = [];
  const last: string[] = [];
  const see = (line: string) => {
    last.push(line);
    if (last.length > tailLines) last.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    printed.push(line);
    see(line);
  });
  createInterface({ input: child.stderr }).on('line', see);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const what = `${command} ${args.slice(0, 2).join(' ')}`;
  child.once('error', (error) => {
    const why = deadline.aborted ? `was not done within ${options.deadlineMs / 1000} s` : error.message;
    reject(new Error(`${what}: ${why}`, { cause: error }));
  });
  child.once('close', (code, signal) => {
    if (code === 0) resolve(printed.join('\n'));
    else reject(new Error(`${what} ended with ${code ?? signal}:\n${last.join('\n')}`));
  });
  return promise;
}

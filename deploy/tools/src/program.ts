import { execa, type Result } from 'execa';

export interface RunOptions {
  /** After this time the program is terminated. */
  readonly deadlineMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** The standard input; default: none. */
  readonly input?: string;
  /** Receives every line that the program prints, on either stream. */
  readonly onLine?: (line: string) => void;
}

const FIRST_LINES = 6;
const LAST_LINES = 15;
const GRACE_MS = 5_000;

/**
 * Runs a program to its end and resolves to its standard output. Rejects if the program cannot be started, exits with
 * another code than 0, passes its deadline or is aborted. The error has the first and the last lines that it printed.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { deadlineMs, cwd, env = process.env, signal, input, onLine }: RunOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const kept: string[] = [];
  const readLines = function* (line: string) {
    kept.push(line);
    if (kept.length > FIRST_LINES + LAST_LINES) kept.splice(FIRST_LINES, 1);
    onLine?.(line);
    yield line;
  };
  const child = execa(command, args, {
    ...(cwd !== undefined && { cwd }),
    ...(signal !== undefined && { cancelSignal: signal }),
    env,
    extendEnv: false,
    timeout: deadlineMs,
    forceKillAfterDelay: GRACE_MS,
    // Its exit handlers would keep `interruptible` from ending the process.
    cleanup: false,
    reject: false,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    stdout: readLines,
    stderr: readLines,
  });
  // A daemon that the program started may hold its output open. Do not wait for that daemon.
  child.nodeChildProcess.once('exit', () =>
    setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, GRACE_MS).unref(),
  );
  const result = await child;
  if (!result.failed) return result.stdout;
  const name = [command, ...args.slice(0, 2)].join(' ');
  throw new Error([`${name} ${failureOf(result, deadlineMs)}`, ...kept].join('\n'), { cause: result.cause });
}

type Failure = Pick<Result, 'timedOut' | 'isCanceled' | 'exitCode' | 'signal' | 'originalMessage'>;

function failureOf({ timedOut, isCanceled, exitCode, signal, originalMessage }: Failure, deadlineMs: number): string {
  if (timedOut) return `timed out after ${deadlineMs / 1_000} s`;
  if (isCanceled) return 'was interrupted';
  if (exitCode !== undefined) return `failed with exit code ${exitCode}`;
  if (signal !== undefined) return `was ended by ${signal}`;
  return `could not be started: ${originalMessage}`;
}

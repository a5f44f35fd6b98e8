import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@standing-order/local/wait';
import { resolveTool } from '@standing-order/tools';

const START_MS = 30_000;
const END_MS = 60_000;

export interface LoadOptions {
  readonly run: string;
  /** Orders per second and style. */
  readonly rate: number;
  readonly seconds: number;
  readonly orderUrls: readonly string[];
  /** Absent: without the style messaging. */
  readonly clientUrl?: string;
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/** A load in progress. */
export interface Load {
  /** Unix time in milliseconds at which the first order was sent. */
  readonly startedAt: number;
  /** Resolves when every order has its result, to the text of the log. Rejects if k6 fails. */
  readonly ended: Promise<string>;
}

/** Starts k6 and resolves when it has sent its first order. k6 ends with this process, and when the signal aborts. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { run, rate, seconds, orderUrls, clientUrl = '', logFile, signal } = options;
  await writeFile(logFile, '');
  const variables = {
    ...{ RUN: run, RATE: String(rate), SECONDS: String(seconds) },
    ...{ ORDER_URLS: orderUrls.join(','), CLIENT_URL: clientUrl, K6_NO_USAGE_REPORT: 'true' },
  };
  const script = join(import.meta.dirname, 'scenario.ts');
  const args = ['run', '--quiet', '--include-system-env-vars', '--summary-mode', 'disabled'];
  const output = ['--console-output', logFile, '--log-format', 'raw'];
  const child = spawn(await resolveTool('k6'), [...args, ...output, script], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  signal.addEventListener('abort', kill, { once: true });
  const ended = endOf(child, logFile, 1_000 * seconds + END_MS).finally(() => {
    process.off('exit', kill);
    signal.removeEventListener('abort', kill);
  });
  // Its caller may still wait for the start.
  ended.catch(() => {});
  const startedAt = await Promise.race([
    firstOrderAt(logFile, signal),
    ended.then(() => Promise.reject(new Error('k6 sent no order'))),
  ]);
  return { startedAt, ended };
}

async function firstOrderAt(logFile: string, signal: AbortSignal): Promise<number> {
  let at = 0;
  const probe = async () => {
    const file = await open(logFile);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1_000), 0, 1_000, 0);
      const [line = '', ...rest] = buffer.toString('utf8', 0, bytesRead).split('\n');
      if (rest.length === 0) throw new Error('the log is empty');
      at = (JSON.parse(line) as { at: number }).at;
    } finally {
      await file.close();
    }
  };
  await until('k6 has sent no order', probe, START_MS, signal);
  return at;
}

async function endOf(child: ChildProcess, logFile: string, deadlineMs: number): Promise<string> {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (code !== 0) throw new Error(`k6 ended with ${signal ?? code}: ${errors}`);
  return readFile(logFile, 'utf8');
}

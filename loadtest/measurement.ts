import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruptible } from '../deploy/tools/src/bootstrap/interrupt.mjs';

/** Prints a line with the time of day on the error output. The standard output is for the result. */
export const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

/** The day and the machine of a measurement. */
export function environmentOf(): Record<string, string> {
  return {
    'load average at the start': loadavg()[0]?.toFixed(1) ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    processor: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'unknown'}`,
    Node: process.version,
  };
}

/** Runs a measurement with a folder for its platform, and removes the folder. A signal aborts the measurement. */
export function withDataDir<T>(
  name: string,
  measure: (dataDir: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptible(async (signal) => {
    const scratch = await mkdtemp(join(tmpdir(), `standing-order-${name}-`));
    try {
      // PostgreSQL runs as another account when this program runs as root, and needs the way to its directory.
      await chmod(scratch, 0o711);
      return await measure(join(scratch, 'd'), signal);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}

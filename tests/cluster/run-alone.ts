import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../deploy/tools/src/bootstrap/lock.mjs';

export interface AloneOptions {
  /** Longest wait for another run, in milliseconds. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/**
 * Runs `work` while no other cluster test of this user runs on this machine: two of them use the same namespace and local ports, and
 * the first one to end takes the disposable cluster down. Rejects if the other run has not ended within the deadline.
 */
export function runAlone<T>({ deadlineMs, signal, log }: AloneOptions, work: () => Promise<T>): Promise<T> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  let isWaiting = false;
  const onWait = (holder: number) => {
    if (!isWaiting) log(`waiting for the cluster test of process ${holder}`);
    isWaiting = true;
  };
  return withLock(join(cache, 'standing-order', 'cluster-test.lock'), { deadlineMs, signal, onWait }, work);
}

import { ProblemError } from '@standing-order/service-kit/http';

const MAX_WAITING = 256;
const MAX_WAIT_MS = 10_000;

/** Runs a task when the earlier tasks of its key have ended. Rejects with a ProblemError when the key is overloaded. */
export type KeyedMutex = <T>(key: number, task: () => Promise<T>) => Promise<T>;

/** A mutex for each of the keys 0 to `keys` - 1. At most 256 tasks wait for a key, none of them longer than 10 s. */
export function createKeyedMutex(keys: number): KeyedMutex {
  const last: Promise<unknown>[] = Array(keys).fill(Promise.resolve());
  const waiting: number[] = Array(keys).fill(0);
  return <T>(key: number, task: () => Promise<T>): Promise<T> => {
    const ahead = waiting[key] ?? 0;
    if (ahead >= MAX_WAITING) return Promise.reject(overloaded());
    waiting[key] = ahead + 1;
    const deadline = performance.now() + MAX_WAIT_MS;
    const turn = (last[key] ?? Promise.resolve()).then(() => {
      waiting[key] = (waiting[key] ?? 1) - 1;
      if (performance.now() > deadline) throw overloaded();
      return task();
    });
    last[key] = turn.catch(() => undefined);
    return turn;
  };
}

const overloaded = (): ProblemError =>
  new ProblemError('unavailable', { detail: 'too many changes are waiting; the change was not stored', retryAfter: 2 });

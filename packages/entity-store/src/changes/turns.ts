import { ProblemError } from '@standing-order/service-kit/http';

const MAX_WAITING = 256;
const MAX_WAIT_MS = 10_000;

/** Runs works of the same lane one after the other. At most 256 of a lane wait, none longer than 10 s. */
export function createTurns(lanes: number): <T>(lane: number, work: () => Promise<T>) => Promise<T> {
  const last: Promise<unknown>[] = Array(lanes).fill(Promise.resolve());
  const waiting: number[] = Array(lanes).fill(0);
  return <T>(lane: number, work: () => Promise<T>): Promise<T> => {
    const ahead = waiting[lane] ?? 0;
    if (ahead >= MAX_WAITING) return Promise.reject(tooMany());
    waiting[lane] = ahead + 1;
    const latest = performance.now() + MAX_WAIT_MS;
    const turn = (last[lane] ?? Promise.resolve()).then(() => {
      waiting[lane] = (waiting[lane] ?? 1) - 1;
      if (performance.now() > latest) throw tooMany();
      return work();
    });
    last[lane] = turn.catch(() => undefined);
    return turn;
  };
}

const tooMany = (): ProblemError =>
  new ProblemError('unavailable', { detail: 'too many changes are waiting; nothing was stored', retryAfter: 2 });

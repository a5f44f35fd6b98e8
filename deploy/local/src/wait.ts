import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '@standing-order/tools';

/** Resolves when the condition holds; rejects with the reason why not. Must stop when the signal aborts. */
export type Probe = (signal: AbortSignal) => Promise<void>;

const ATTEMPT_MS = 2_000;
const PAUSE_MS = 100;

/** Repeats the probe until it resolves. Rejects after `deadlineMs` with the last reason, or at once when the signal aborts. */
export async function until(what: string, probe: Probe, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + deadlineMs;
  let reason: unknown;
  for (;;) {
    signal.throwIfAborted();
    const left = end - performance.now();
    const attempt = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(ATTEMPT_MS, left))));
    try {
      return await probe(AbortSignal.any([signal, attempt]));
    } catch (error) {
      signal.throwIfAborted();
      // The last attempt is cut short, so its error is only its own timeout.
      const cutShort = left < ATTEMPT_MS && attempt.aborted;
      if (!cutShort || reason === undefined) reason = error;
      if (performance.now() >= end) throw new Error(`${what} after ${deadlineMs / 1000} s: ${reasonOf(reason)}`);
    }
    // The signal's reason is thrown above; the error of the delay has less detail.
    await delay(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** A probe that resolves when a URL responds with 2xx. */
export function answersOk(url: string): Probe {
  return async (signal) => {
    const response = await fetch(url, { signal });
    const body = await response.text();
    if (!response.ok) throw new Error(`${new URL(url).pathname} answers ${response.status} ${body.slice(0, 500)}`);
  };
}

import { setTimeout as pause } from 'node:timers/promises';
import type { OrderLine } from '../scenarios/lib/log.ts';
import { readOrders } from './store.ts';
import { faultKinds, isClean, judge, mayMend, type Verdict } from './verdict.ts';

const LOOK_EVERY_MS = 1_000;

export interface CheckOptions {
  readonly requests: readonly OrderLine[];
  /** The state store, as in `readOrders`. */
  readonly storeUrl: string;
  /** How long orders may still be on their way, in milliseconds. */
  readonly waitMs: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** Looks until nothing is amiss, nothing can be mended or the time is up, and tells what it saw last. Rejects if the store can't be read then. */
export async function check({ requests, storeUrl, waitMs, signal }: CheckOptions): Promise<Verdict> {
  const end = performance.now() + waitMs;
  for (;;) {
    const last = performance.now() >= end;
    try {
      const verdict = judge(requests, await readOrders(storeUrl));
      if (last || isClean(verdict) || !mayMend(verdict)) return verdict;
    } catch (error) {
      if (last || signal?.aborted) throw error;
    }
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

const SHOWN = 5;

/** A verdict in lines for people. */
export function linesOf(verdict: Verdict): string[] {
  const { sent, acknowledged, recovered, absent } = verdict;
  return [
    ...(acknowledged === 0 ? ['no order was acknowledged, so that nothing is shown'] : []),
    `${sent} sent, ${acknowledged} acknowledged; of unknown outcome: ${recovered} there, ${absent} not there`,
    ...faultKinds.map((kind) => {
      const culprits = verdict[kind];
      const some =
        culprits.length === 0
          ? ''
          : ` (${culprits.slice(0, SHOWN).join(', ')}${culprits.length > SHOWN ? ', ...' : ''})`;
      return `${kind}: ${culprits.length}${some}`;
    }),
  ];
}

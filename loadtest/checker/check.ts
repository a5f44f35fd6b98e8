import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from '@standing-order/tools';
import type { OrderLine } from '../scenarios/lib/log.ts';
import { type CheckResult, canRecover, FAULT_KINDS, isClean, judge } from './judge.ts';
import { readOrders } from './store.ts';

const POLL_MS = 1_000;

export interface CheckOptions {
  readonly requests: readonly OrderLine[];
  /** URL of the state store, see `readOrders`. */
  readonly storeUrl: string;
  /** Time in which orders may still be decided and their decisions confirmed, in milliseconds. */
  readonly waitMs: number;
  /** `ORDER_RETENTION`, in milliseconds: an order whose request is older may have expired. Default: no order expires. */
  readonly retentionMs?: number;
  /** Aborts the wait. */
  readonly signal?: AbortSignal;
  /** Called once, with the reason, when the store cannot be read and is tried again. */
  readonly onUnreadable?: (reason: string) => void;
}

/** Polls the store until there is no fault, no fault can disappear, or the time is over. Rejects if the last read of the store fails. */
export async function check(options: CheckOptions): Promise<CheckResult> {
  const { requests, storeUrl, waitMs, retentionMs = Number.POSITIVE_INFINITY, signal, onUnreadable } = options;
  const end = performance.now() + waitMs;
  let isReported = false;
  for (;;) {
    const last = performance.now() >= end;
    try {
      const result = judge(requests, await readOrders(storeUrl), Date.now() - retentionMs);
      if (last || isClean(result) || !canRecover(result)) return result;
    } catch (error) {
      if (last || signal?.aborted) throw error;
      if (!isReported) onUnreadable?.(reasonOf(error));
      isReported = true;
    }
    await pause(POLL_MS, undefined, { signal });
  }
}

const MAX_LISTED = 5;

/** The lines that the command line prints. */
export function formatResult(result: CheckResult): string[] {
  const { sent, acknowledged, recovered, absent, expired } = result;
  return [
    ...(acknowledged === 0 ? ['no order was acknowledged: the run proves no guarantee'] : []),
    `${sent} sent, ${acknowledged} acknowledged; of unknown outcome: ${recovered} stored, ${absent} not stored`,
    ...(expired > 0 ? [`${expired} acknowledged, not stored, and older than the retention`] : []),
    ...(result.lost.length > 0 ? ['without --retention, an order that has expired counts as lost'] : []),
    ...FAULT_KINDS.map((kind) => {
      const orders = result[kind];
      const some =
        orders.length === 0
          ? ''
          : ` (${orders.slice(0, MAX_LISTED).join(', ')}${orders.length > MAX_LISTED ? ', ...' : ''})`;
      return `${kind}: ${orders.length}${some}`;
    }),
  ];
}

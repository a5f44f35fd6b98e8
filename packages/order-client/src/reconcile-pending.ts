import type { Clock } from '@standing-order/service-kit/runtime';
import type { PendingList } from './pending-list.ts';
import type { PlacedRequest, RequestStore } from './requests.ts';

export interface ReconcileOptions {
  readonly pending: Pick<PendingList, 'read' | 'remove'>;
  readonly requests: Pick<RequestStore, 'read'>;
  readonly clock: Pick<Clock, 'wall'>;
}

/** A request is stored shortly after its id is listed. An id that is listed for this long without a request is abandoned. */
const ABANDONED_AFTER_MS = 60_000;

/**
 * Reads the pending requests. Removes the ids of decided and abandoned requests from the list. `unclear` are listed ids whose request
 * may still be stored. An unreadable request stays listed, for a version that can read it. Rejects if the store fails.
 */
export async function reconcilePending({ pending, requests, clock }: ReconcileOptions): Promise<{
  readonly open: readonly PlacedRequest[];
  readonly unclear: readonly string[];
}> {
  const listed = await pending.read();
  const { requests: stored, unreadable } = await requests.read([...listed.keys()]);
  const missing = [...listed].filter(([id]) => !stored.has(id) && !unreadable.has(id));
  const isAbandoned = ([, addedAt]: readonly [string, number]) => clock.wall() - addedAt > ABANDONED_AFTER_MS;
  const removable = [...[...listed].filter(([id]) => stored.get(id)?.outcome), ...missing.filter(isAbandoned)];
  await Promise.all(removable.map(([id, addedAt]) => pending.remove(id, addedAt)));
  return {
    open: [...stored.values()].filter(({ outcome }) => !outcome),
    unclear: missing.filter((entry) => !isAbandoned(entry)).map(([id]) => id),
  };
}

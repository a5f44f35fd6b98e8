import type { Clock } from '@standing-order/service-kit/runtime';
import type { Pending } from './pending-list.ts';
import type { Record, Records } from './requests.ts';

export interface ListedParts {
  readonly pending: Pick<Pending, 'read' | 'remove'>;
  readonly records: Pick<Records, 'read'>;
  readonly clock: Pick<Clock, 'wall'>;
}

/** Whoever is placing a request has written it by then, after its id. */
const ABANDONED_MS = 60_000;

/**
 * The listed requests without an outcome, and the ids of which nobody can know yet whether they become requests. Takes out of
 * the list what is settled or was never stored. Rejects when the store fails.
 */
export async function readListed({ pending, records, clock }: ListedParts): Promise<{
  readonly open: readonly Record[];
  readonly unclear: readonly string[];
}> {
  const listed = await pending.read();
  const known = await records.read([...listed.keys()]);
  const missing = [...listed].filter(([id]) => !known.has(id));
  const isAbandoned = ([, addedAt]: readonly [string, number]) => clock.wall() - addedAt > ABANDONED_MS;
  const over = [...[...listed].filter(([id]) => known.get(id)?.outcome), ...missing.filter(isAbandoned)];
  await Promise.all(over.map(([id, addedAt]) => pending.remove(id, addedAt)));
  return {
    open: [...known.values()].filter(({ outcome }) => !outcome),
    unclear: missing.filter((entry) => !isAbandoned(entry)).map(([id]) => id),
  };
}

import type { StateStore } from '@standing-order/dapr';
import { pageKey } from './pages.ts';

/** Concurrent removals: leaves connections for other requests. */
const CONCURRENT_REMOVALS = 16;

/**
 * Removes full pages of a log; their entries cannot be read after that. Returns whether all of them are removed. Never
 * rejects.
 */
export async function dropPages(
  store: Pick<StateStore, 'remove'>,
  name: string,
  pages: readonly number[],
): Promise<boolean> {
  let removed = true;
  for (let from = 0; from < pages.length; from += CONCURRENT_REMOVALS) {
    const some = pages.slice(from, from + CONCURRENT_REMOVALS);
    const outcomes = await Promise.all(some.map((page) => store.remove(pageKey(name, page))));
    removed &&= outcomes.every((outcome) => outcome === 'written');
  }
  return removed;
}

import type { StateStore } from '@standing-order/dapr';
import { pageKey } from './pages.ts';

/** Removed at a time: leaves connections for everybody else. */
const AT_ONCE = 16;

/**
 * Removes full pages of a log that are not needed any more; their entries can't be read after that. Says whether all of them
 * are gone. Never rejects.
 */
export async function dropPages(
  store: Pick<StateStore, 'remove'>,
  name: string,
  pages: readonly number[],
): Promise<boolean> {
  let gone = true;
  for (let from = 0; from < pages.length; from += AT_ONCE) {
    const some = pages.slice(from, from + AT_ONCE);
    const outcomes = await Promise.all(some.map((page) => store.remove(pageKey(name, page))));
    gone &&= outcomes.every((outcome) => outcome === 'written');
  }
  return gone;
}

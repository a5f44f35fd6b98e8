import { SidecarError, type StateStore, type Stored } from '@standing-order/dapr';
import { type Decision, modify } from '../modify.ts';

/**
 * The ids of a lane's entities, in pages `ids:{lane}:{page}`, in the order of their creation. An id is added before its entity
 * is committed: an id without an entity does no harm, and an entity without an id would be missing from the full state.
 */
export interface IdPages {
  /** Adds an id and returns its page. `lastPage` is the last page that the lane's log names. */
  add(lane: number, lastPage: number, id: string): Promise<number>;
  /** The ids from this index on, up to the end of its page. Empty at the end of the last page. */
  read(lane: number, from: number): Promise<readonly string[]>;
}

const PER_PAGE = 128;
const MAX_PAGES_TRIED = 8;

const pageKey = (lane: number, page: number): string => `ids:${lane}:${page}`;

function addTo(stored: Stored | undefined, id: string): Decision<'on the page' | 'full'> {
  const ids = (stored?.value ?? []) as readonly string[];
  if (ids.includes(id)) return { result: 'on the page' };
  return ids.length >= PER_PAGE ? { result: 'full' } : { result: 'on the page', write: [...ids, id] };
}

/** The id pages in this store. */
export function createIdPages(store: StateStore): IdPages {
  return {
    async add(lane, lastPage, id) {
      for (let page = lastPage; page < lastPage + MAX_PAGES_TRIED; page++) {
        const key = pageKey(lane, page);
        const added = await modify(store, key, (stored) => addTo(stored, id), { idempotent: true });
        if (!('result' in added)) throw new SidecarError(`writing ${key} to the state store failed: ${added.outcome}`);
        if (added.result === 'on the page') return page;
      }
      throw new SidecarError(`the pages of ids of lane ${lane} after ${lastPage} are full`);
    },

    async read(lane, from) {
      const stored = await store.get(pageKey(lane, Math.floor(from / PER_PAGE)));
      return ((stored?.value ?? []) as readonly string[]).slice(from % PER_PAGE);
    },
  };
}

import { SidecarError, type StateStore, type Stored } from '@standing-order/dapr';
import { type Decision, modify } from '../modify.ts';

/**
 * The ids of a lane's entities, in pages `ids:{lane}:{page}` in the order in which they came. An id is added before its entity
 * is committed: one without an entity is harmless, an entity without its id would be missing from the full state.
 */
export interface Ids {
  /** Adds an id and returns the page that it is on. `page` is the last one that the lane knows. */
  add(lane: number, page: number, id: string): Promise<number>;
  /** The ids from this place on: those of one page at most, none at the end. */
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

export function createIds(store: StateStore): Ids {
  return {
    async add(lane, lastPage, id) {
      for (let page = lastPage; page < lastPage + MAX_PAGES_TRIED; page++) {
        const key = pageKey(lane, page);
        const added = await modify(store, key, (stored) => addTo(stored, id), { idempotent: true });
        if (!('result' in added)) throw new SidecarError(`the state store does not take ${key}`);
        if (added.result === 'on the page') return page;
      }
      throw new SidecarError(`the state store has no page of lane ${lane} with room for another id`);
    },

    async read(lane, from) {
      const stored = await store.get(pageKey(lane, Math.floor(from / PER_PAGE)));
      return ((stored?.value ?? []) as readonly string[]).slice(from % PER_PAGE);
    },
  };
}

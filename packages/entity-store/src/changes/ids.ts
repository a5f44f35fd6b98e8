import { SidecarError, type StateStore } from '@standing-order/dapr';

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
const ATTEMPTS = 8;

const pageKey = (lane: number, page: number): string => `ids:${lane}:${page}`;

export function createIds(store: StateStore): Ids {
  return {
    async add(lane, page, id) {
      let at = page;
      let unclear = 0;
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const key = pageKey(lane, at);
        const stored = await store.get(key);
        const ids = (stored?.value ?? []) as readonly string[];
        if (ids.includes(id)) return at;
        if (ids.length >= PER_PAGE) {
          at++;
          continue;
        }
        const more = [...ids, id];
        const outcome = stored ? await store.update(key, more, stored.etag) : await store.insert(key, more);
        if (outcome === 'written' || outcome === 'created') return at;
        // Twice is no harm: it is read before it is written again.
        if (outcome === 'refused' || (outcome === 'unknown' && ++unclear === 2)) break;
      }
      throw new SidecarError(`the state store does not take ${pageKey(lane, at)}`);
    },

    async read(lane, from) {
      const stored = await store.get(pageKey(lane, Math.floor(from / PER_PAGE)));
      return ((stored?.value ?? []) as readonly string[]).slice(from % PER_PAGE);
    },
  };
}

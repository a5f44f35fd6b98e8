import type { z } from 'zod';
import type { StateStore } from '../dapr/types.ts';

/** An entity and the version that it has in the store. */
export interface Versioned<E> {
  readonly entity: E;
  readonly etag: string;
}

/** unknown: it may be stored, now or later. refused: nothing is stored, and trying again does not help. */
export type Created<E> =
  | ({ readonly outcome: 'created' } & Versioned<E>)
  | { readonly outcome: 'exists' | 'unknown' | 'refused' };

/** stale: it has another version than the caller saw. unknown: the change may be stored, now or later. */
export type Changed<E> =
  | ({ readonly outcome: 'changed' } & Versioned<E>)
  | { readonly outcome: 'missing' | 'stale' | 'unknown' };

/** What is left out stays as it is. */
export type Patch<E> = { readonly [Field in keyof E]?: E[Field] | undefined };

/** Entities of one kind in a state store. What can't be read rejects with a SidecarError. */
export interface Entities<E> {
  create(entity: E): Promise<Created<E>>;
  get(id: string): Promise<Versioned<E> | undefined>;
  /** Missing ones are missing from the result. */
  getAll(ids: Iterable<string>): Promise<ReadonlyMap<string, E>>;
  /** Replaces the fields of `patch`, if the stored version is still `etag`. */
  change(id: string, etag: string, patch: Patch<E>): Promise<Changed<E>>;
}

export interface EntitiesOptions<E> {
  readonly store: StateStore;
  /** What the keys of this kind start with: `c:`. */
  readonly prefix: string;
  /** How a stored entity is read. Fields that it does not know stay in the store. */
  readonly schema: z.ZodType<E>;
}

const VERSION = 1;

export function createEntities<E extends { readonly id: string }>({
  store,
  prefix,
  schema,
}: EntitiesOptions<E>): Entities<E> {
  const keyOf = (id: string) => prefix + id;
  const get: Entities<E>['get'] = async (id) => {
    const stored = await store.get(keyOf(id));
    return stored && { entity: schema.parse(stored.value), etag: stored.etag };
  };
  return {
    get,

    async create(entity) {
      const outcome = await store.insert(keyOf(entity.id), { v: VERSION, ...entity });
      if (outcome !== 'created') return { outcome };
      const stored = await get(entity.id);
      return stored ? { outcome, ...stored } : { outcome: 'unknown' };
    },

    async getAll(ids) {
      const found = await store.read([...new Set(ids)].map(keyOf));
      return new Map([...found].map(([key, { value }]) => [key.slice(prefix.length), schema.parse(value)]));
    },

    async change(id, etag, patch) {
      const stored = await store.get(keyOf(id));
      if (!stored) return { outcome: 'missing' };
      if (stored.etag !== etag) return { outcome: 'stale' };
      const outcome = await store.update(keyOf(id), { ...(stored.value as object), ...patch }, etag);
      if (outcome !== 'written') return { outcome: outcome === 'conflict' ? 'stale' : outcome };
      const changed = await get(id);
      return changed ? { outcome: 'changed', ...changed } : { outcome: 'unknown' };
    },
  };
}

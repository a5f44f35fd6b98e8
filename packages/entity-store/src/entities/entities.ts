import type { StateStore } from '@standing-order/dapr';
import type { z } from 'zod';
import { type Change, type ChangeSource, changesSince, createLanes, repairLanes } from '../changes/index.ts';

/** An entity with the ETag of its version. */
export interface EntityWithEtag<E> {
  readonly entity: E;
  readonly etag: string;
}

/** unknown: it may be stored, now or later. */
export type CreateResult<E> =
  | ({ readonly outcome: 'created' } & EntityWithEtag<E>)
  | { readonly outcome: 'exists' | 'unknown' };

/** stale: the entity has another version than the caller's ETag. unknown: the change may be stored, now or later. */
export type ChangeResult<E> =
  | ({ readonly outcome: 'changed' } & EntityWithEtag<E>)
  | { readonly outcome: 'missing' | 'stale' | 'unknown' };

/** Fields to replace. A field that is absent stays as it is. */
export type Patch<E> = { readonly [Field in keyof E]?: E[Field] | undefined };

/** Entities of one kind in a state store. Reads that fail reject with a SidecarError. */
export interface Entities<E> extends ChangeSource<E> {
  create(entity: E): Promise<CreateResult<E>>;
  get(id: string): Promise<EntityWithEtag<E> | undefined>;
  /** Without the missing ones. */
  getAll(ids: Iterable<string>): Promise<ReadonlyMap<string, E>>;
  /** Replaces the fields of `patch`, if `matches` holds for the ETag of the stored version. */
  change(id: string, matches: (etag: string) => boolean, patch: Patch<E>): Promise<ChangeResult<E>>;
}

/** Entities, for the service that owns them. */
export interface OwnedEntities<E> extends Entities<E> {
  /** Materializes a change that a stopped process of this service had only committed. To be called at every start. */
  repair(signal: AbortSignal): Promise<void>;
}

/** The store, kind and reader of entities. */
export interface EntitiesOptions<E> {
  readonly store: StateStore;
  /** The prefix of this kind's keys: `c:`. */
  readonly prefix: string;
  /** Parses a stored entity. Fields that it does not have stay in the store. */
  readonly schema: z.ZodType<E>;
  /** Called with every change once it is materialized. */
  announce(change: Change<E>): void;
}

/** Entities of one kind that this service owns. Call `repair` at every start. */
export function createEntities<E extends { readonly id: string }>(options: EntitiesOptions<E>): OwnedEntities<E> {
  const { store, prefix, schema, announce } = options;
  const lanes = createLanes<E>(store, prefix);

  const withEtag = ({ version, entity }: { version: number; entity: E }): EntityWithEtag<E> => ({
    entity: schema.parse(entity),
    etag: String(version),
  });
  const announced = (change: Change<E>): EntityWithEtag<E> => {
    const result = withEtag(change);
    announce({ ...change, entity: result.entity });
    return result;
  };

  return {
    async get(id) {
      const found = (await lanes.read([id])).get(id);
      return found && withEtag(found);
    },

    async getAll(ids) {
      const found = await lanes.read(ids);
      return new Map([...found].map(([id, { entity }]) => [id, schema.parse(entity)]));
    },

    async create(entity) {
      const result = await lanes.commit(entity.id, (current) =>
        current ? { refusal: 'exists' as const } : { entity },
      );
      if (result.outcome === 'unknown') return result;
      if (result.outcome === 'refused') return { outcome: result.refusal };
      return { outcome: 'created', ...announced(result.change) };
    },

    async change(id, matches, patch) {
      const result = await lanes.commit<'missing' | 'stale'>(id, (current) => {
        if (!current) return { refusal: 'missing' };
        return matches(String(current.version)) ? { entity: { ...current.entity, ...patch } } : { refusal: 'stale' };
      });
      if (result.outcome === 'unknown') return result;
      if (result.outcome === 'refused') return { outcome: result.refusal };
      return { outcome: 'changed', ...announced(result.change) };
    },

    changesSince: ({ since }) => changesSince(lanes, since, (entity) => schema.parse(entity)),
    repair: (signal) => repairLanes(lanes, signal),
  };
}

import type { StateStore } from '@standing-order/dapr';
import type { z } from 'zod';
import { type Change, type ChangeSource, changesSince, createLanes, repairLanes } from '../changes/index.ts';

/** An entity and its version. */
export interface Versioned<E> {
  readonly entity: E;
  readonly etag: string;
}

/** unknown: it may be stored, now or later. */
export type Created<E> = ({ readonly outcome: 'created' } & Versioned<E>) | { readonly outcome: 'exists' | 'unknown' };

/** stale: it has another version than the caller saw. unknown: the change may be stored, now or later. */
export type Changed<E> =
  | ({ readonly outcome: 'changed' } & Versioned<E>)
  | { readonly outcome: 'missing' | 'stale' | 'unknown' };

/** What is left out stays as it is. */
export type Patch<E> = { readonly [Field in keyof E]?: E[Field] | undefined };

/** Entities of one kind in a state store. What can't be read rejects with a SidecarError. */
export interface Entities<E> extends ChangeSource<E> {
  create(entity: E): Promise<Created<E>>;
  get(id: string): Promise<Versioned<E> | undefined>;
  /** Missing ones are missing from the result. */
  getAll(ids: Iterable<string>): Promise<ReadonlyMap<string, E>>;
  /** Replaces the fields of `patch`, if the stored version is still `etag`. */
  change(id: string, etag: string, patch: Patch<E>): Promise<Changed<E>>;
}

/** Entities, by their owner. */
export interface OwnedEntities<E> extends Entities<E> {
  /** Puts into effect what a process of this service committed and died before it could. To be called at every start. */
  repair(signal: AbortSignal): Promise<void>;
}

export interface EntitiesOptions<E> {
  readonly store: StateStore;
  /** What the keys of this kind start with: `c:`. */
  readonly prefix: string;
  /** How a stored entity is read. Fields that it does not know stay in the store. */
  readonly schema: z.ZodType<E>;
  /** Told of every change once it is in effect. */
  announce(change: Change<E>): void;
}

/** Entities of one kind that this service owns. Call `repair` at every start. */
export function createEntities<E extends { readonly id: string }>(options: EntitiesOptions<E>): OwnedEntities<E> {
  const { store, prefix, schema, announce } = options;
  const lanes = createLanes<E>(store, prefix);

  const shown = ({ version, entity }: { version: number; entity: E }): Versioned<E> => ({
    entity: schema.parse(entity),
    etag: String(version),
  });
  const inEffect = (change: Change<E>): Versioned<E> => {
    const versioned = shown(change);
    announce({ ...change, entity: versioned.entity });
    return versioned;
  };

  return {
    async get(id) {
      const found = (await lanes.read([id])).get(id);
      return found && shown(found);
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
      return { outcome: 'created', ...inEffect(result.change) };
    },

    async change(id, etag, patch) {
      const result = await lanes.commit<'missing' | 'stale'>(id, (current) => {
        if (!current) return { refusal: 'missing' };
        return String(current.version) === etag ? { entity: { ...current.entity, ...patch } } : { refusal: 'stale' };
      });
      if (result.outcome === 'unknown') return result;
      if (result.outcome === 'refused') return { outcome: result.refusal };
      return { outcome: 'changed', ...inEffect(result.change) };
    },

    changesSince: ({ since }) => changesSince(lanes, since, (entity) => schema.parse(entity)),
    repair: (signal) => repairLanes(lanes, signal),
  };
}

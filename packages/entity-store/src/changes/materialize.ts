import { CHANGE_LANES } from '@standing-order/contracts';
import { SidecarError, type StateStore, type Stored } from '@standing-order/dapr';
import { idOfKeyPart, keyPart } from '../key-part.ts';
import { modify } from '../modify.ts';
import type { Change, LaneLog } from './lane-log.ts';

/** An entity as its document holds it, including fields that this code does not read. */
export interface VersionedEntity<E> {
  readonly version: number;
  readonly entity: E;
}

/** The documents of entities. Each is a copy of the entity's newest change in the log of its lane. */
export interface EntityDocuments<E> {
  /** Undefined when there is none. Rejects when it cannot be read. */
  get(id: string): Promise<VersionedEntity<E> | undefined>;
  /** Without the missing ones. Rejects when they cannot be read. */
  read(ids: Iterable<string>): Promise<ReadonlyMap<string, VersionedEntity<E>>>;
  /** Writes a committed change to its entity's document, unless that has the same or a newer version. Rejects when it cannot. */
  materialize(lane: number, change: Change<E>): Promise<void>;
  /** Materializes the newest change of a lane, unless that is known to be done. */
  materializeNewest(lane: number, log: LaneLog<E>): Promise<void>;
}

const ATTEMPTS = 5;
const VERSION = 1;

/** The documents whose keys begin with `prefix`, such as `c:`. */
export function createEntityDocuments<E extends { readonly id: string }>(
  store: StateStore,
  prefix: string,
): EntityDocuments<E> {
  const keyOf = (id: string): string => prefix + keyPart(id);
  /** For each lane the newest change that is known to be materialized. */
  const materialized: number[] = Array(CHANGE_LANES).fill(0);

  async function materialize(lane: number, { seq, version, entity }: Change<E>): Promise<void> {
    const key = keyOf(entity.id);
    const done = await modify(
      store,
      key,
      (stored) =>
        stored && parseDocument<E>(stored).version >= version
          ? { result: undefined }
          : { result: undefined, write: { v: VERSION, version, ...entity } },
      { attempts: ATTEMPTS, idempotent: true },
    );
    if (!('result' in done)) throw new SidecarError(`writing ${key} to the state store failed: ${done.outcome}`);
    materialized[lane] = seq;
  }

  return {
    materialize,

    async get(id) {
      const stored = await store.get(keyOf(id));
      return stored && parseDocument<E>(stored);
    },

    async read(ids) {
      const found = await store.read([...new Set(ids)].map(keyOf));
      return new Map(
        [...found].map(([key, stored]) => [idOfKeyPart(key.slice(prefix.length)), parseDocument<E>(stored)]),
      );
    },

    async materializeNewest(lane, log) {
      const newest = log.changes.at(-1);
      if (newest && materialized[lane] !== newest.seq) await materialize(lane, newest);
    },
  };
}

function parseDocument<E>({ value }: Stored): VersionedEntity<E> {
  const { v: _, version, ...entity } = value as { readonly v: number; readonly version: number };
  return { version, entity: entity as E };
}

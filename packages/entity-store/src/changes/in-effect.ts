import { CHANGE_LANES } from '@standing-order/contracts';
import { SidecarError, type StateStore, type Stored } from '@standing-order/dapr';
import { modify } from '../modify.ts';
import type { Change, LaneLog } from './log.ts';

/** An entity as its document holds it: fields that this code does not know are in it too. */
export interface Kept<E> {
  readonly version: number;
  readonly entity: E;
}

/** The documents of entities, which follow what their lanes say. */
export interface Documents<E> {
  /** Undefined when it is missing. Rejects when it can't be read. */
  get(id: string): Promise<Kept<E> | undefined>;
  /** Missing ones are missing from the result. Rejects when they can't be read. */
  read(ids: Iterable<string>): Promise<ReadonlyMap<string, Kept<E>>>;
  /** Writes a committed change into its entity's document, unless that is as new already. Rejects when the store does not take it. */
  apply(lane: number, change: Change<E>): Promise<void>;
  /** Applies the newest change of a lane, if it is not known to be applied. */
  settle(lane: number, log: LaneLog<E>): Promise<void>;
}

const ATTEMPTS = 5;
const VERSION = 1;

/** `prefix` is what the keys of the entities start with: `c:`. */
export function createDocuments<E extends { readonly id: string }>(store: StateStore, prefix: string): Documents<E> {
  /** For each lane the newest change that its documents are known to hold. */
  const settled: number[] = Array(CHANGE_LANES).fill(0);

  async function apply(lane: number, { seq, version, entity }: Change<E>): Promise<void> {
    const key = prefix + entity.id;
    const applied = await modify(
      store,
      key,
      (stored) =>
        stored && kept<E>(stored).version >= version
          ? { result: undefined }
          : { result: undefined, write: { v: VERSION, version, ...entity } },
      { attempts: ATTEMPTS, idempotent: true },
    );
    if (!('result' in applied)) throw new SidecarError(`the state store does not take ${key}`);
    settled[lane] = seq;
  }

  return {
    apply,

    async get(id) {
      const stored = await store.get(prefix + id);
      return stored && kept<E>(stored);
    },

    async read(ids) {
      const found = await store.read([...new Set(ids)].map((id) => prefix + id));
      return new Map([...found].map(([key, stored]) => [key.slice(prefix.length), kept<E>(stored)]));
    },

    async settle(lane, log) {
      const newest = log.changes.at(-1);
      if (newest && settled[lane] !== newest.seq) await apply(lane, newest);
    },
  };
}

function kept<E>({ value }: Stored): Kept<E> {
  const { v: _, version, ...entity } = value as { readonly v: number; readonly version: number };
  return { version, entity: entity as E };
}

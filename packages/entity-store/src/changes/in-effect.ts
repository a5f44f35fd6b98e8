import { CHANGE_LANES } from '@standing-order/contracts';
import { SidecarError, type StateStore, type Stored } from '@standing-order/dapr';
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

  /** Says whether the document is as new as the change now; not, when somebody else was faster. */
  async function applyOnce({ version, entity }: Change<E>): Promise<boolean> {
    const key = prefix + entity.id;
    const stored = await store.get(key);
    if (stored && kept<E>(stored).version >= version) return true;
    const document = { v: VERSION, version, ...entity };
    const outcome = stored ? await store.update(key, document, stored.etag) : await store.insert(key, document);
    if (outcome === 'written' || outcome === 'created') return true;
    if (outcome === 'conflict' || outcome === 'exists') return false;
    throw notTaken(key);
  }

  async function apply(lane: number, change: Change<E>): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!(await applyOnce(change))) continue;
      settled[lane] = change.seq;
      return;
    }
    throw notTaken(prefix + change.entity.id);
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

const notTaken = (key: string): SidecarError => new SidecarError(`the state store does not take ${key}`);

function kept<E>({ value }: Stored): Kept<E> {
  const { v: _, version, ...entity } = value as { readonly v: number; readonly version: number };
  return { version, entity: entity as E };
}

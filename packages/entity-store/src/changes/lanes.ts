import { CHANGE_LANES } from '@standing-order/contracts';
import type { StateStore } from '@standing-order/dapr';
import { laneOf } from '@standing-order/outbox';
import { type CommitResult, createCommit, type NextVersion } from './commit.ts';
import { createIdPages } from './id-pages.ts';
import { createKeyedMutex } from './keyed-mutex.ts';
import { type LaneLog, laneKey, parseLog } from './lane-log.ts';
import { createEntityDocuments, type VersionedEntity } from './materialize.ts';

/** The entities of one kind, and the lanes that number their changes. Reads that fail reject with a SidecarError. */
export interface Lanes<E> {
  /** Without the missing ones. */
  read(ids: Iterable<string>): Promise<ReadonlyMap<string, VersionedEntity<E>>>;
  /** Commits the version that `next` makes of an entity; stores no version when `next` refuses. */
  commit<Refusal>(id: string, next: NextVersion<E, Refusal>): Promise<CommitResult<E, Refusal>>;
  /** The current log of every lane, by number. */
  logs(): Promise<readonly LaneLog<E>[]>;
  /**
   * Writes the newest change of a lane to its entity's document. To be awaited before that change is shown to a client, so that
   * a reader of the documents never receives an older version than another client received.
   */
  materializeNewest(lane: number, log: LaneLog<E>): Promise<void>;
  /** Ids of the lane from this index on, one page at most. Empty at the end. */
  ids(lane: number, from: number): Promise<readonly string[]>;
}

/** The lane that numbers the changes of this entity. */
export const changeLane = (id: string): number => laneOf(id, CHANGE_LANES);

/** The entities whose keys begin with `prefix`, such as `c:`. */
export function createLanes<E extends { readonly id: string }>(store: StateStore, prefix: string): Lanes<E> {
  const ids = createIdPages(store);
  const documents = createEntityDocuments<E>(store, prefix);
  const commit = createCommit(store, ids, documents);
  const runExclusively = createKeyedMutex(CHANGE_LANES);

  return {
    ids: ids.read,
    read: documents.read,
    materializeNewest: documents.materializeNewest,

    commit(id, next) {
      const lane = changeLane(id);
      return runExclusively(lane, () => commit(lane, id, next));
    },

    async logs() {
      const keys = Array.from({ length: CHANGE_LANES }, (_, lane) => laneKey(lane));
      const found = await store.read(keys);
      return keys.map((key) => parseLog<E>(found.get(key)));
    },
  };
}

import { CHANGE_LANES } from '@standing-order/contracts';
import type { StateStore } from '@standing-order/dapr';
import { laneOf } from '@standing-order/outbox';
import { type Committed, createCommit, type Next } from './commit.ts';
import { createIds } from './ids.ts';
import { createDocuments, type Kept } from './in-effect.ts';
import { type LaneLog, laneKey, logIn } from './log.ts';
import { createTurns } from './turns.ts';

/** The entities of one kind, and the lanes in which their changes are counted. What can't be read rejects with a SidecarError. */
export interface Lanes<E> {
  /** Missing ones are missing from the result. */
  read(ids: Iterable<string>): Promise<ReadonlyMap<string, Kept<E>>>;
  /** Makes what `next` makes of the entity its next version; or nothing, for a refusal. */
  commit<Refusal>(id: string, next: Next<E, Refusal>): Promise<Committed<E, Refusal>>;
  /** Every lane as it is now, by number. */
  logs(): Promise<readonly LaneLog<E>[]>;
  /**
   * Makes sure that the newest change of a lane is in its entity's document. To be awaited before anybody is shown that
   * change, so that nobody who reads the documents alone is ever behind what others were told.
   */
  settle(lane: number, log: LaneLog<E>): Promise<void>;
  /** Ids of the lane, from the one at this place on: a page at most, none at the end. */
  ids(lane: number, from: number): Promise<readonly string[]>;
}

/** The lane in which the changes of this entity are counted. */
export const changeLane = (id: string): number => laneOf(id, CHANGE_LANES);

/** `prefix` is what the keys of the entities start with: `c:`. */
export function createLanes<E extends { readonly id: string }>(store: StateStore, prefix: string): Lanes<E> {
  const ids = createIds(store);
  const documents = createDocuments<E>(store, prefix);
  const commit = createCommit(store, ids, documents);
  const turns = createTurns(CHANGE_LANES);

  return {
    ids: ids.read,
    read: documents.read,
    settle: documents.settle,

    commit(id, next) {
      const lane = changeLane(id);
      return turns(lane, () => commit(lane, id, next));
    },

    async logs() {
      const keys = Array.from({ length: CHANGE_LANES }, (_, lane) => laneKey(lane));
      const found = await store.read(keys);
      return keys.map((key) => logIn<E>(found.get(key)));
    },
  };
}

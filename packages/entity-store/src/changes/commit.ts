import { randomBytes } from 'node:crypto';
import type { StateStore } from '@standing-order/dapr';
import { compareAndSet } from '../modify.ts';
import type { Ids } from './ids.ts';
import type { Documents, Kept } from './in-effect.ts';
import { append, type Change, changesAfter, type LaneLog, laneKey, logIn } from './log.ts';

/**
 * committed: the change is stored for good, and every later read shows it.
 * unknown: it may be stored, now or later.
 */
export type Committed<E, Refusal> =
  | { readonly outcome: 'committed'; readonly change: Change<E> }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'unknown' };

/** What is to become of an entity that is like this. */
export type Next<E, Refusal> = (current: Kept<E> | undefined) => { readonly entity: E } | { readonly refusal: Refusal };

/** A change that is wanted, of an entity in a lane; `by` says in the log that it was this one. */
interface Wanted<E, Refusal> {
  readonly lane: number;
  readonly id: string;
  readonly by: string;
  readonly next: Next<E, Refusal>;
}

/** maybe: this change may be stored, now or later. */
type Attempted<E, Refusal> = Committed<E, Refusal> | { readonly maybe: Change<E> };

const ATTEMPTS = 5;
/** What the store does not say clearly is tried again if it has not taken longer than this, in milliseconds. */
const PATIENCE_MS = 5_000;

/** The change that follows on this log and makes this of the entity. */
export function nextChange<E>(
  log: LaneLog<E>,
  current: Kept<E> | undefined,
  { entity, by }: { readonly entity: E; readonly by: string },
): Change<E> {
  return { seq: log.seq + 1, version: (current?.version ?? 0) + 1, entity, by };
}

/** Whether a change that was tried got into the log; undefined when the log does not reach back that far. */
export function isIn<E>(log: LaneLog<E>, { seq, by }: Change<E>): boolean | undefined {
  return changesAfter(log, seq - 1)?.some((change) => change.seq === seq && change.by === by);
}

/**
 * Commits the next version of an entity: to the lane's log first, then to the entity's document.
 *
 * Does not use `modify`: its change is not pure. Every attempt first brings the document of the lane's newest change up to
 * date, decides on the document of the entity, and adds the id to a page. The log holds the mark of the own write even below
 * the writes of others, so a write without a clear answer is resolved in cases where `modify` cannot.
 */
export function createCommit<E extends { readonly id: string }>(
  store: StateStore,
  ids: Ids,
  documents: Documents<E>,
): <Refusal>(lane: number, id: string, next: Next<E, Refusal>) => Promise<Committed<E, Refusal>> {
  /**
   * `tried`: a change that was written before, and may be stored. The log tells. If it is not there, and the lane is as it was,
   * the same is written over the same version, so that only one of the two can land; if the lane has moved on, neither can.
   */
  async function attempt<Refusal>(
    { lane, id, by, next }: Wanted<E, Refusal>,
    tried: Change<E> | undefined,
  ): Promise<Attempted<E, Refusal>> {
    const key = laneKey(lane);
    const stored = await store.get(key);
    const log = logIn<E>(stored);
    await documents.settle(lane, log);
    const landed = tried && isIn(log, tried);
    if (tried && landed) return { outcome: 'committed', change: tried };
    if (tried && landed === undefined) return { outcome: 'unknown' };

    const current = await documents.get(id);
    const decided = next(current);
    if ('refusal' in decided) return { outcome: 'refused', refusal: decided.refusal };
    const page = current ? log.page : await ids.add(lane, log.page, id);
    const change = nextChange(log, current, { entity: decided.entity, by });
    const after = append(log, change, page);
    const outcome = await compareAndSet(store, key, after, stored?.etag);
    // A conflict may be with this very change: the store has it, and its answer was lost on the way.
    if (outcome !== 'written') return { maybe: change };
    // Committed; but as long as the document does not show it, nobody may be told.
    return documents.apply(lane, change).then(
      () => ({ outcome: 'committed', change }),
      () => ({ maybe: change }),
    );
  }

  return async (lane, id, next) => {
    const wanted = { lane, id, by: randomBytes(6).toString('base64url'), next };
    const until = performance.now() + PATIENCE_MS;
    let tried: Change<E> | undefined;
    for (let attempts = 0; attempts < ATTEMPTS && performance.now() < until; attempts++) {
      try {
        const result = await attempt(wanted, tried);
        if ('outcome' in result) return result;
        tried = result.maybe;
      } catch (error) {
        if (!tried) throw error;
      }
    }
    return { outcome: 'unknown' };
  };
}

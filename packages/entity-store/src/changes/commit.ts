import { randomBytes } from 'node:crypto';
import type { StateStore } from '@standing-order/dapr';
import { compareAndSet } from '../modify.ts';
import type { IdPages } from './id-pages.ts';
import { append, type Change, changesAfter, type LaneLog, laneKey, parseLog } from './lane-log.ts';
import type { EntityDocuments, VersionedEntity } from './materialize.ts';

/**
 * committed: the change is stored permanently, and every later read returns it.
 * unknown: it may be stored, now or later.
 */
export type CommitResult<E, Refusal> =
  | { readonly outcome: 'committed'; readonly change: Change<E> }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'unknown' };

/** Makes the next version of an entity, or refuses. Pure. */
export type NextVersion<E, Refusal> = (
  current: VersionedEntity<E> | undefined,
) => { readonly entity: E } | { readonly refusal: Refusal };

/** A requested change of an entity in a lane; `by` is its mark in the log. */
interface CommitRequest<E, Refusal> {
  readonly lane: number;
  readonly id: string;
  readonly by: string;
  readonly next: NextVersion<E, Refusal>;
}

/** unclear: this change may be stored, now or later. */
type AttemptResult<E, Refusal> = CommitResult<E, Refusal> | { readonly unclear: Change<E> };

const ATTEMPTS = 5;
/** An unclear write is repeated only within this time, in milliseconds. */
const RETRY_WITHIN_MS = 5_000;

/** The change that follows this log and makes this version of the entity. */
export function nextChange<E>(
  log: LaneLog<E>,
  current: VersionedEntity<E> | undefined,
  { entity, by }: { readonly entity: E; readonly by: string },
): Change<E> {
  return { seq: log.seq + 1, version: (current?.version ?? 0) + 1, entity, by };
}

/** Whether the log contains a change that was written; undefined when the log no longer reaches back that far. */
export function contains<E>(log: LaneLog<E>, { seq, by }: Change<E>): boolean | undefined {
  return changesAfter(log, seq - 1)?.some((change) => change.seq === seq && change.by === by);
}

/**
 * Commits the next version of an entity: to the lane's log first, then to the entity's document.
 *
 * Does not use `modify`: its change is not pure. Every attempt first materializes the lane's newest change, decides on the
 * document of the entity, and adds the id to a page. The log also shows the own write below the writes of others, so an unclear
 * write is resolved in cases where `modify` cannot.
 */
export function createCommit<E extends { readonly id: string }>(
  store: StateStore,
  ids: IdPages,
  documents: EntityDocuments<E>,
): <Refusal>(lane: number, id: string, next: NextVersion<E, Refusal>) => Promise<CommitResult<E, Refusal>> {
  /**
   * `tried` is the change of an earlier attempt that may be stored. The log shows whether it is. If it is not, and the lane is
   * unchanged, the same change is written over the same version, so that only one of the two writes can land. If the lane has
   * changed, the earlier write cannot land any more.
   */
  async function attempt<Refusal>(
    { lane, id, by, next }: CommitRequest<E, Refusal>,
    tried: Change<E> | undefined,
  ): Promise<AttemptResult<E, Refusal>> {
    const key = laneKey(lane);
    const stored = await store.get(key);
    const log = parseLog<E>(stored);
    await documents.materializeNewest(lane, log);
    const landed = tried && contains(log, tried);
    if (tried && landed) return { outcome: 'committed', change: tried };
    if (tried && landed === undefined) return { outcome: 'unknown' };

    const current = await documents.get(id);
    const decided = next(current);
    if ('refusal' in decided) {
      // The own write may have landed since the log was read. Then the refusal is because of it.
      if (tried && (await store.get(key))?.etag !== stored?.etag) return { unclear: tried };
      return { outcome: 'refused', refusal: decided.refusal };
    }
    const page = current ? log.page : await ids.add(lane, log.page, id);
    const change = nextChange(log, current, { entity: decided.entity, by });
    const outcome = await compareAndSet(store, key, append(log, change, page), stored?.etag);
    // A conflict may be with this very change: the store has it, and the answer was lost.
    if (outcome !== 'written') return { unclear: change };
    // Committed. Until the document has the change, no client may be shown it.
    return documents.materialize(lane, change).then(
      () => ({ outcome: 'committed', change }),
      () => ({ unclear: change }),
    );
  }

  return async (lane, id, next) => {
    const request = { lane, id, by: randomBytes(6).toString('base64url'), next };
    const deadline = performance.now() + RETRY_WITHIN_MS;
    let tried: Change<E> | undefined;
    for (let attempts = 0; attempts < ATTEMPTS && performance.now() < deadline; attempts++) {
      try {
        const result = await attempt(request, tried);
        if ('outcome' in result) return result;
        tried = result.unclear;
      } catch (error) {
        if (!tried) throw error;
      }
    }
    return { outcome: 'unknown' };
  };
}

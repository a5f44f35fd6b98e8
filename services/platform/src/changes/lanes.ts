import { isDeepStrictEqual } from 'node:util';
import { CHANGE_LANES } from '@standing-order/contracts';
import { laneOf } from '@standing-order/outbox';
import { SidecarError, type StateStore, type Stored } from '../dapr/types.ts';
import { createIds } from './ids.ts';
import { append, type Change, emptyLog, type LaneLog, parseLog } from './log.ts';
import { createTurns } from './turns.ts';

/** An entity as its document holds it: fields that this code does not know are in it too. */
export interface Kept<E> {
  readonly version: number;
  readonly entity: E;
}

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

const ATTEMPTS = 5;
/** What the store does not say clearly is tried again if it has not taken longer than this, in milliseconds. */
const PATIENCE_MS = 5_000;
const DOCUMENT_VERSION = 1;

const laneKey = (lane: number): string => `lane:${lane}`;

/** The lane in which the changes of this entity are counted. */
export const changeLane = (id: string): number => laneOf(id, CHANGE_LANES);

/** What came of one attempt. unclear: this change may be stored, now or later. */
type Attempted<E, Refusal> = Committed<E, Refusal> | 'conflict' | { readonly unclear: Change<E> };

/** Makes another attempt while others are faster, and while the store is unclear but quick about it. */
async function untilClear<E, Refusal>(
  attempt: (tried: Change<E> | undefined) => Promise<Attempted<E, Refusal>>,
): Promise<Committed<E, Refusal> | 'conflict'> {
  const until = performance.now() + PATIENCE_MS;
  let tried: Change<E> | undefined;
  for (let attempts = 0; attempts < ATTEMPTS && performance.now() < until; attempts++) {
    try {
      const result = await attempt(tried);
      if (result === 'conflict') continue;
      if ('outcome' in result) return result;
      tried = result.unclear;
    } catch (error) {
      if (!tried) throw error;
    }
  }
  return tried ? { outcome: 'unknown' } : 'conflict';
}

/** `prefix` is what the keys of the entities start with: `c:`. */
export function createLanes<E extends { readonly id: string }>(store: StateStore, prefix: string): Lanes<E> {
  const ids = createIds(store);
  const turns = createTurns(CHANGE_LANES);
  /** For each lane the newest change that its documents are known to hold. */
  const settled: number[] = Array(CHANGE_LANES).fill(0);
  const keyOf = (id: string): string => prefix + id;

  /** Writes a committed change into its entity's document, unless that is as new already. */
  async function apply(lane: number, { seq, version, entity }: Change<E>): Promise<void> {
    const key = keyOf(entity.id);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await store.get(key);
      const document = { v: DOCUMENT_VERSION, version, ...entity };
      const outcome =
        stored === undefined
          ? await store.insert(key, document)
          : kept<E>(stored).version >= version || (await store.update(key, document, stored.etag));
      if (outcome === true || outcome === 'written' || outcome === 'created') {
        settled[lane] = seq;
        return;
      }
      if (outcome !== 'conflict' && outcome !== 'exists') break;
    }
    throw new SidecarError(`the state store does not take ${key}`);
  }

  async function settle(lane: number, log: LaneLog<E>): Promise<void> {
    const newest = log.changes.at(-1);
    if (newest && settled[lane] !== newest.seq) await apply(lane, newest);
  }

  /**
   * `tried`: a change whose outcome is unknown. Whether it is committed is seen in the lane; if not, and the lane is as it was, the
   * same is written over the same version, so that only one of the two can land.
   */
  async function attempt<Refusal>(
    id: string,
    next: Next<E, Refusal>,
    tried: Change<E> | undefined,
  ): Promise<Attempted<E, Refusal>> {
    const lane = changeLane(id);
    const stored = await store.get(laneKey(lane));
    const log = stored ? parseLog<E>(stored.value) : emptyLog;
    await settle(lane, log);
    if (tried && log.changes.some((change) => isDeepStrictEqual(change, tried)))
      return { outcome: 'committed', change: tried };
    const document = await store.get(keyOf(id));
    const current = document && kept<E>(document);
    const decided = next(current);
    if ('refusal' in decided) return { outcome: 'refused', refusal: decided.refusal };

    const page = current ? log.page : await ids.add(lane, log.page, id);
    const change = { seq: log.seq + 1, version: (current?.version ?? 0) + 1, entity: decided.entity };
    const after = append(log, change, page);
    const outcome = stored
      ? await store.update(laneKey(lane), after, stored.etag)
      : await store.insert(laneKey(lane), after);
    if (outcome === 'conflict' || outcome === 'exists') return 'conflict';
    if (outcome !== 'written' && outcome !== 'created') return { unclear: change };
    // Committed; but as long as the document does not show it, nobody may be told.
    return apply(lane, change).then(
      () => ({ outcome: 'committed', change }),
      () => ({ unclear: change }),
    );
  }

  return {
    settle,
    ids: ids.read,

    async read(wanted) {
      const found = await store.read([...new Set(wanted)].map(keyOf));
      return new Map([...found].map(([key, stored]) => [key.slice(prefix.length), kept<E>(stored)]));
    },

    commit: (id, next) =>
      turns(changeLane(id), async () => {
        const result = await untilClear((tried: Change<E> | undefined) => attempt(id, next, tried));
        if (result !== 'conflict') return result;
        throw new SidecarError(`${laneKey(changeLane(id))} is always changed by others`);
      }),

    async logs() {
      const keys = Array.from({ length: CHANGE_LANES }, (_, lane) => laneKey(lane));
      const found = await store.read(keys);
      return keys.map((key) => {
        const stored = found.get(key);
        return stored ? parseLog<E>(stored.value) : emptyLog;
      });
    },
  };
}

function kept<E>({ value }: Stored): Kept<E> {
  const { v: _, version, ...entity } = value as { readonly v: number; readonly version: number };
  return { version, entity: entity as E };
}

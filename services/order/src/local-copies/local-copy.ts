import { CHANGE_LANES, type ChangesResponse, type LaneChanges, type LaneCursor } from '@standing-order/contracts';
import { classify, cursorAfter, isNewer } from './sequence.ts';

/** A change of an entity, as an event carries it. */
export interface ChangeEvent<E> {
  readonly lane: number;
  readonly seq: number;
  readonly version: number;
  readonly entity: E;
}

/** This process's copy of the entities of one owner. */
export interface LocalCopy<E> {
  /** Undefined: not in the copy. The owner may have the entity nevertheless. */
  find(id: string): E | undefined;
  /** Applies a change event, as far as its place in the sequence allows. */
  applyEvent(event: ChangeEvent<E>): void;
  /** Applies the response to a pull that was sent with the current or with earlier cursors. */
  applyPull(response: ChangesResponse<E>): void;
  /** The position up to which each lane has been read. */
  cursors(): readonly LaneCursor[];
  size(): number;
}

export interface LocalCopyOptions<E> {
  /** Returns the part of the capacity that an entity takes. */
  weigh(entity: E): number;
  /** Total weight of the entities in the copy. An entity that does not fit is left out. */
  readonly capacity: number;
}

const initialCursors = (): LaneCursor[] => Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 }));

export function createLocalCopy<E extends { readonly id: string }>(options: LocalCopyOptions<E>): LocalCopy<E> {
  const { weigh, capacity } = options;
  const entities = new Map<string, { readonly version: number; readonly entity: E; readonly weight: number }>();
  let cursors = initialCursors();
  let used = 0;

  /** Stores an entity if its version is newer. Returns false, and changes nothing, if it does not fit. */
  function upsert(version: number, entity: E): boolean {
    const before = entities.get(entity.id);
    if (!isNewer(version, before?.version)) return true;
    const weight = weigh(entity);
    const after = used - (before?.weight ?? 0) + weight;
    if (after > capacity) return false;
    used = after;
    entities.set(entity.id, { version, entity, weight });
    return true;
  }

  function evict(id: string): void {
    used -= entities.get(id)?.weight ?? 0;
    entities.delete(id);
  }

  /** A change in sequence must not be missed, so an entity whose new version does not fit is removed. */
  function upsertOrEvict(version: number, entity: E): void {
    if (!upsert(version, entity)) evict(entity.id);
  }

  function applyLane({ lane, changes, next }: LaneChanges<E>): void {
    const cursor = cursors[lane] ?? { seq: 0 };
    for (const { seq, version, entity } of changes) {
      if (seq === undefined || classify(cursor, seq) !== 'past') upsertOrEvict(version, entity);
    }
    cursors[lane] = cursorAfter(cursor, next);
  }

  return {
    find: (id) => entities.get(id)?.entity,
    cursors: () => cursors,
    size: () => entities.size,

    applyEvent({ lane, seq, version, entity }) {
      const sequence = classify(cursors[lane] ?? { seq: 0 }, seq);
      if (sequence === 'next') {
        upsertOrEvict(version, entity);
        cursors[lane] = { seq };
      }
      // Only for entities in the copy. A new one could be evicted for lack of capacity and then return in an older version.
      if (sequence === 'early' && entities.has(entity.id)) upsert(version, entity);
    },

    applyPull({ lanes, reset }) {
      if (reset) {
        entities.clear();
        cursors = initialCursors();
        used = 0;
      }
      for (const changes of lanes) applyLane(changes);
    },
  };
}

import { CHANGE_LANES, type ChangesResponse, type LaneChanges, type LaneCursor } from '@standing-order/contracts';
import { cursorAfter, isNewer, turnOf } from './apply.ts';

/** A change as an event brings it. */
export interface ChangeEvent<E> {
  readonly lane: number;
  readonly seq: number;
  readonly version: number;
  readonly entity: E;
}

/** What this process knows of the entities of one owner. */
export interface Replica<E> {
  /** Undefined when it is not known here, which does not say that there is none. */
  find(id: string): E | undefined;
  /** Takes what an event says, as far as it may. */
  hear(event: ChangeEvent<E>): void;
  /** Takes a pull's answer that was asked for from these or from earlier cursors. */
  take(answer: ChangesResponse<E>): void;
  /** How far each lane is read. */
  cursors(): readonly LaneCursor[];
  size(): number;
}

export interface ReplicaOptions<E> {
  /** How many of the places an entity takes. */
  weigh(entity: E): number;
  /** Places in all. What has no room is not kept: it is unknown here. */
  readonly places: number;
}

const fromNothing = (): LaneCursor[] => Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 }));

export function createReplica<E extends { readonly id: string }>({ weigh, places }: ReplicaOptions<E>): Replica<E> {
  const known = new Map<string, { readonly version: number; readonly entity: E; readonly weight: number }>();
  let cursors = fromNothing();
  let used = 0;

  /** Keeps an entity if it is newer than what is known. Says whether there was room; if not, all stays as it was. */
  function keep(version: number, entity: E): boolean {
    const before = known.get(entity.id);
    if (!isNewer(version, before?.version)) return true;
    const weight = weigh(entity);
    const after = used - (before?.weight ?? 0) + weight;
    if (after > places) return false;
    used = after;
    known.set(entity.id, { version, entity, weight });
    return true;
  }

  function forget(id: string): void {
    used -= known.get(id)?.weight ?? 0;
    known.delete(id);
  }

  /** What comes in turn must not be missed: an entity that has no room any more is not known any more. */
  function follow(version: number, entity: E): void {
    if (!keep(version, entity)) forget(entity.id);
  }

  function takeLane({ lane, changes, next }: LaneChanges<E>): void {
    const cursor = cursors[lane] ?? { seq: 0 };
    for (const { seq, version, entity } of changes) {
      if (seq === undefined || turnOf(cursor, seq) !== 'past') follow(version, entity);
    }
    cursors[lane] = cursorAfter(cursor, next);
  }

  return {
    find: (id) => known.get(id)?.entity,
    cursors: () => cursors,
    size: () => known.size,

    hear({ lane, seq, version, entity }) {
      const turn = turnOf(cursors[lane] ?? { seq: 0 }, seq);
      if (turn === 'next') {
        follow(version, entity);
        cursors[lane] = { seq };
      }
      // Only what is known: taken in early, it could be given up for want of room and come back older.
      if (turn === 'early' && known.has(entity.id)) keep(version, entity);
    },

    take({ lanes, reset }) {
      if (reset) {
        known.clear();
        cursors = fromNothing();
        used = 0;
      }
      for (const news of lanes) takeLane(news);
    },
  };
}

import type { ChangesResponse, LaneChanges, LaneCursor } from '@standing-order/contracts';
import { changesAfter, jsonBytes, type LaneLog } from './lane-log.ts';
import type { Lanes } from './lanes.ts';
import type { VersionedEntity } from './materialize.ts';

/** Size of a response after which no further entity is added, in bytes. One entity is at most 256 KiB on top. */
const MAX_BYTES = 256 * 1024;
/** Assumed size of an entity before the first was read. Then the largest one so far limits the number of entities per read. */
const ASSUMED_BYTES = 32 * 1024;

interface Budget {
  left: number;
}

type NewChanges<E> = Pick<LaneChanges<E>, 'changes' | 'next'>;

/**
 * The changes after these cursors, one for each lane. A lane whose log does not reach back to its cursor is returned in full, in
 * as many responses as needed; meanwhile its cursor has the index of the next entity.
 */
export async function changesSince<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  since: readonly LaneCursor[],
  parse: (entity: E) => E,
): Promise<ChangesResponse<E>> {
  const logs = await lanes.logs();
  if (logs.some(({ seq }, lane) => seq < (since[lane]?.seq ?? 0))) return { lanes: [], complete: false, reset: true };

  const budget: Budget = { left: MAX_BYTES };
  const changedLanes: LaneChanges<E>[] = [];
  let complete = true;
  for (const [lane, log] of logs.entries()) {
    const cursor = since[lane] ?? { seq: 0 };
    if (cursor.at === undefined && cursor.seq === log.seq) continue;
    if (budget.left > 0) {
      await lanes.materializeNewest(lane, log);
      const { changes, next } = await newChangesOf(lanes, lane, log, cursor, budget);
      changedLanes.push({
        lane,
        next,
        changes: changes.map((change) => ({ ...change, entity: parse(change.entity) })),
      });
      complete &&= next.at === undefined && next.seq === log.seq;
    } else {
      complete = false;
    }
  }
  return { lanes: changedLanes, complete, reset: false };
}

function newChangesOf<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  lane: number,
  log: LaneLog<E>,
  cursor: LaneCursor,
  budget: Budget,
): Promise<NewChanges<E>> | NewChanges<E> {
  if (cursor.at !== undefined) return fullState(lanes, lane, { ...cursor, at: cursor.at }, budget);
  const changes = changesAfter(log, cursor.seq);
  if (!changes) return fullState(lanes, lane, { seq: log.seq, at: 0 }, budget);
  const fitting = takeWithin(changes, budget);
  return {
    changes: fitting.map(({ by: _, ...change }) => change),
    next: { seq: fitting.at(-1)?.seq ?? cursor.seq },
  };
}

/** The lane's entities from index `at` on, within the budget; at least one entity, if there is one. */
async function fullState<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  lane: number,
  { seq, at }: { readonly seq: number; readonly at: number },
  budget: Budget,
): Promise<NewChanges<E>> {
  const changes: VersionedEntity<E>[] = [];
  let index = at;
  let largest = ASSUMED_BYTES;
  while (budget.left > 0) {
    const ids = (await lanes.ids(lane, index)).slice(0, Math.ceil(budget.left / largest));
    if (ids.length === 0) return { changes, next: { seq } };
    const found = await lanes.read(ids);
    largest = 1;
    for (const id of ids) {
      if (budget.left <= 0) break;
      index++;
      const entity = found.get(id);
      if (!entity) continue;
      const bytes = jsonBytes(entity);
      largest = Math.max(largest, bytes);
      budget.left -= bytes;
      changes.push(entity);
    }
  }
  return { changes, next: { seq, at: index } };
}

/** The first items within the budget, at least one. */
function takeWithin<T>(items: readonly T[], budget: Budget): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (budget.left <= 0) break;
    budget.left -= jsonBytes(item);
    taken.push(item);
  }
  return taken;
}

import type { ChangesResponse, LaneChanges, LaneCursor } from '@standing-order/contracts';
import type { Kept } from './in-effect.ts';
import type { Lanes } from './lanes.ts';
import { changesAfter, type LaneLog, weigh } from './log.ts';

/** What one answer may weigh before nothing more is put in. One entity is at most 256 KiB on top. */
const MAX_BYTES = 256 * 1024;
/** What an entity weighs before one has been seen; from then on the heaviest seen says how many are read at a time. */
const ASSUMED_BYTES = 32 * 1024;

interface Budget {
  left: number;
}

type News<E> = Pick<LaneChanges<E>, 'changes' | 'next'>;

/**
 * What has changed since these cursors, one for each lane. Small news come as they are; a lane whose log does not reach back
 * is shown in full, in as many answers as it takes, while the cursor says from where it is to be carried on.
 */
export async function changesSince<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  since: readonly LaneCursor[],
  parse: (entity: E) => E,
): Promise<ChangesResponse<E>> {
  const logs = await lanes.logs();
  if (logs.some(({ seq }, lane) => seq < (since[lane]?.seq ?? 0))) return { lanes: [], complete: false, reset: true };

  const budget: Budget = { left: MAX_BYTES };
  const news: LaneChanges<E>[] = [];
  let complete = true;
  for (const [lane, log] of logs.entries()) {
    const cursor = since[lane] ?? { seq: 0 };
    if (cursor.at === undefined && cursor.seq === log.seq) continue;
    if (budget.left > 0) {
      await lanes.settle(lane, log);
      const { changes, next } = await newsOf(lanes, lane, log, cursor, budget);
      news.push({ lane, next, changes: changes.map((change) => ({ ...change, entity: parse(change.entity) })) });
      complete &&= next.at === undefined && next.seq === log.seq;
    } else {
      complete = false;
    }
  }
  return { lanes: news, complete, reset: false };
}

function newsOf<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  lane: number,
  log: LaneLog<E>,
  cursor: LaneCursor,
  budget: Budget,
): Promise<News<E>> | News<E> {
  if (cursor.at !== undefined) return fullState(lanes, lane, { ...cursor, at: cursor.at }, budget);
  const changes = changesAfter(log, cursor.seq);
  if (!changes) return fullState(lanes, lane, { seq: log.seq, at: 0 }, budget);
  const fitting = takeWithin(changes, budget);
  return {
    changes: fitting.map(({ by: _, ...change }) => change),
    next: { seq: fitting.at(-1)?.seq ?? cursor.seq },
  };
}

/** As much of the lane's full state, from `at` on, as there is room for; at least one entity, if there is one. */
async function fullState<E extends { readonly id: string }>(
  lanes: Lanes<E>,
  lane: number,
  { seq, at }: { readonly seq: number; readonly at: number },
  budget: Budget,
): Promise<News<E>> {
  const changes: Kept<E>[] = [];
  let place = at;
  let heaviest = ASSUMED_BYTES;
  while (budget.left > 0) {
    const ids = (await lanes.ids(lane, place)).slice(0, Math.ceil(budget.left / heaviest));
    if (ids.length === 0) return { changes, next: { seq } };
    const found = await lanes.read(ids);
    heaviest = 1;
    for (const id of ids) {
      if (budget.left <= 0) break;
      place++;
      const entity = found.get(id);
      if (!entity) continue;
      const weight = weigh(entity);
      heaviest = Math.max(heaviest, weight);
      budget.left -= weight;
      changes.push(entity);
    }
  }
  return { changes, next: { seq, at: place } };
}

/** At least the first one. */
function takeWithin<T>(items: readonly T[], budget: Budget): T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (budget.left <= 0) break;
    budget.left -= weigh(item);
    taken.push(item);
  }
  return taken;
}

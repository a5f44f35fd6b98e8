import type { Stored } from '@standing-order/dapr';

/** The newest change of an entity: the `seq`th of its lane, which made the entity what it is in `version`. */
export interface Change<E> {
  readonly seq: number;
  readonly version: number;
  readonly entity: E;
  /** Tells it from an equal one that somebody else wanted to make. */
  readonly by: string;
}

/** The document `lane:{n}`: how many changes the lane has seen, the last of them, and the last page of its ids. */
export interface LaneLog<E> {
  readonly v: number;
  readonly seq: number;
  readonly page: number;
  /** Gap-free up to `seq`; never empty once there was a change. */
  readonly changes: readonly Change<E>[];
}

const VERSION = 1;
const MAX_CHANGES = 256;
/** The document is read and written as a whole, by every change and by every pull. */
const MAX_BYTES = 16 * 1024;

export const emptyLog: LaneLog<never> = { v: VERSION, seq: 0, page: 0, changes: [] };

/** Where the log of a lane is stored. */
export const laneKey = (lane: number): string => `lane:${lane}`;

/**
 * The log in a lane's document, or an empty one.
 * @throws when the version is not one that this code understands
 */
export function logIn<E>(stored: Stored | undefined): LaneLog<E> {
  if (stored === undefined) return emptyLog;
  const version = (stored.value as { v?: unknown } | null)?.v;
  if (version !== VERSION) throw new Error(`a lane of version ${String(version)}; this code reads ${VERSION}`);
  return stored.value as LaneLog<E>;
}

/** The log with its next change, and as many of the earlier ones as 256 changes and 16 KiB have room for. */
export function append<E>(log: LaneLog<E>, newest: Change<E>, page: number): LaneLog<E> {
  const kept: Change<E>[] = [newest];
  let bytes = weigh(newest);
  for (const earlier of log.changes.toReversed()) {
    bytes += weigh(earlier);
    if (kept.length === MAX_CHANGES || bytes > MAX_BYTES) break;
    kept.unshift(earlier);
  }
  return { v: VERSION, seq: newest.seq, page, changes: kept };
}

/** The changes after `seq`, or undefined when the log does not reach back that far. */
export function changesAfter<E>({ seq: newest, changes }: LaneLog<E>, seq: number): readonly Change<E>[] | undefined {
  const count = newest - seq;
  return count > changes.length ? undefined : changes.slice(changes.length - count);
}

/** Bytes of something as JSON. */
export const weigh = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

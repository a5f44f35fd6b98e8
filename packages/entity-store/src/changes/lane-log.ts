import type { Stored } from '@standing-order/dapr';

/** A change of an entity: the change number `seq` of its lane, which made version `version` of the entity. */
export interface Change<E> {
  readonly seq: number;
  readonly version: number;
  readonly entity: E;
  /** Mark of the writer's attempt. An equal change of another writer has another mark. */
  readonly by: string;
}

/** The document `lane:{n}`: the number of changes of the lane, its newest changes, and the last page of its ids. */
export interface LaneLog<E> {
  readonly v: number;
  readonly seq: number;
  readonly page: number;
  /** Without a gap up to `seq`; never empty once there was a change. */
  readonly changes: readonly Change<E>[];
}

const VERSION = 1;
const MAX_CHANGES = 256;
/** Every change and every pull reads the whole document. */
const MAX_BYTES = 16 * 1024;

/** The log of a lane without changes. */
export const EMPTY_LOG: LaneLog<never> = { v: VERSION, seq: 0, page: 0, changes: [] };

/** The key of a lane's log. */
export const laneKey = (lane: number): string => `lane:${lane}`;

/** The log in a lane's document, or an empty one. @throws when this code does not support the document's version */
export function parseLog<E>(stored: Stored | undefined): LaneLog<E> {
  if (stored === undefined) return EMPTY_LOG;
  const version = (stored.value as { v?: unknown } | null)?.v;
  if (version !== VERSION) {
    throw new Error(`a lane of version ${String(version)} cannot be read; supported: ${VERSION}`);
  }
  return stored.value as LaneLog<E>;
}

/** The log with its next change. Of the earlier ones it keeps the newest, up to 256 changes and 16 KiB. */
export function append<E>(log: LaneLog<E>, newest: Change<E>, page: number): LaneLog<E> {
  const kept: Change<E>[] = [newest];
  let bytes = jsonBytes(newest);
  for (const earlier of log.changes.toReversed()) {
    bytes += jsonBytes(earlier);
    if (kept.length === MAX_CHANGES || bytes > MAX_BYTES) break;
    kept.unshift(earlier);
  }
  return { v: VERSION, seq: newest.seq, page, changes: kept };
}

/** The changes after `seq`; undefined when the log no longer has all of them. */
export function changesAfter<E>({ seq: newest, changes }: LaneLog<E>, seq: number): readonly Change<E>[] | undefined {
  const count = newest - seq;
  return count > changes.length ? undefined : changes.slice(changes.length - count);
}

/** The size of a value as JSON, in bytes. */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

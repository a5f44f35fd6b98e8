import { isDeepStrictEqual } from 'node:util';
import type { StateStore, Stored } from '@standing-order/dapr';

/** The calls of a state store that compare-and-set needs. */
export type ModifiableStore = Pick<StateStore, 'get' | 'insert' | 'update'>;

/** conflict: another writer was faster. unknown: it may be stored, now or later. refused: the store cannot store it. */
export type CompareAndSetOutcome = 'written' | 'conflict' | 'unknown' | 'refused';

/** Writes a document over the version with this ETag; without an ETag, creates it. Never rejects. */
export async function compareAndSet(
  store: Pick<StateStore, 'insert' | 'update'>,
  key: string,
  value: unknown,
  etag: string | undefined,
): Promise<CompareAndSetOutcome> {
  if (etag !== undefined) return store.update(key, value, etag);
  const outcome = await store.insert(key, value);
  if (outcome === 'created') return 'written';
  return outcome === 'exists' ? 'conflict' : outcome;
}

/** The decision of a change: a result, and the document to write, unless the stored one stays as it is. */
export interface Decision<R> {
  readonly result: R;
  /** The new document. Absent: the stored one stays. */
  readonly write?: unknown;
}

/** The outcome of `modify`. */
export type Modified<R> =
  /** The document holds the change. */
  | { readonly outcome: 'written'; readonly result: R }
  /** The change decided to keep the document. */
  | { readonly outcome: 'unchanged'; readonly result: R }
  /** conflict: every race was lost, the change is not stored. unknown: it may be stored, now or later. refused: the store cannot store it. */
  | { readonly outcome: 'conflict' | 'unknown' | 'refused' };

/** How `modify` retries. */
export interface ModifyOptions {
  /** Writes in all, lost races included. Default 8. */
  readonly attempts?: number;
  /** Writes without a clear answer, after which the outcome is `unknown`. Default 2. */
  readonly unclearAttempts?: number;
  /**
   * Whether a stored document holds the write of this call, for instance by a mark in it. Default: the two are equal. Needed
   * where two processes may write equal documents that must both count. A mark must be the same in every attempt of a call.
   */
  isOwn?(stored: unknown, written: unknown): boolean;
  /** The change does no harm when it is applied twice. Then it is also applied to a document that may contain it already. */
  readonly idempotent?: boolean;
  /** Waits before attempt `attempt`, which counts from 1 and is a retry. Default: does not wait. */
  pause?(attempt: number): Promise<void>;
}

const ATTEMPTS = 8;
const UNCLEAR_ATTEMPTS = 2;

/**
 * Changes one document by compare-and-set: reads it, applies a pure change, and writes the result over the version that was
 * read. A lost race is repeated with the new version.
 *
 * After a write without a clear answer the document is read back:
 * - It holds the own write (`isOwn`): the outcome is `written`. The same holds after a conflict, which can be with the own
 *   write when its answer was lost.
 * - It has the version that it was written over: the change is written over that version again, so at most one of the two
 *   writes can land.
 * - It has another version: an idempotent change is applied again. Otherwise the outcome is `unknown`, since the own write may
 *   be below the other one.
 *
 * Rejects when the document cannot be read, or `change` throws, before a write without a clear answer; the outcome is `unknown`
 * after one.
 *
 * The outbox has its own loops: it imports no package, and its writes are transactions of several keys.
 */
export async function modify<R>(
  store: ModifiableStore,
  key: string,
  change: (current: Stored | undefined) => Decision<R>,
  { attempts = ATTEMPTS, unclearAttempts = UNCLEAR_ATTEMPTS, isOwn = isEqual, idempotent, pause }: ModifyOptions = {},
): Promise<Modified<R>> {
  let last: Attempt<R> | undefined;
  let unclear = 0;
  for (let attempt = 0; ; attempt++) {
    if (attempt > 0) await pause?.(attempt);
    const read = await store.get(key).then(
      (current) => ({ current }),
      (error: unknown) => ({ error }),
    );
    if ('error' in read) {
      if (unclear > 0) return { outcome: 'unknown' };
      throw read.error;
    }
    const { current } = read;
    if (last && current && isOwn(current.value, last.decision.write)) return done(last.decision);
    if (attempt === attempts || unclear === unclearAttempts) return { outcome: unclear > 0 ? 'unknown' : 'conflict' };
    // A lost race after an unclear write does not clear it: the race may have been lost to that write.
    if (unclear > 0 && !idempotent && current?.etag !== last?.etag) return { outcome: 'unknown' };

    const decision = change(current);
    if (decision.write === undefined) return { outcome: 'unchanged', result: decision.result };
    const outcome = await compareAndSet(store, key, decision.write, current?.etag);
    if (outcome === 'written') return done(decision);
    if (outcome === 'refused') return { outcome: unclear > 0 ? 'unknown' : 'refused' };
    if (outcome === 'unknown') unclear++;
    last = { decision, etag: current?.etag };
  }
}

/** A write that was not confirmed. */
interface Attempt<R> {
  readonly decision: Decision<R>;
  /** The version that it was written over. */
  readonly etag: string | undefined;
}

const done = <R>({ result }: Decision<R>): Modified<R> => ({ outcome: 'written', result });

/** Compares with the document as JSON holds it, without fields that are undefined. */
const isEqual = (stored: unknown, written: unknown): boolean =>
  isDeepStrictEqual(stored, JSON.parse(JSON.stringify(written)));

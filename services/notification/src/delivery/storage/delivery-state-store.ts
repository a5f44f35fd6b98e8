import type { StateStore, WriteOutcome } from '@standing-order/dapr';
import { apply, type Cursor, type Finished, newCursor, parseCursor, type Step } from '../../domain/delivery-state.ts';
import { cursorOf } from './logs.ts';

export interface StoredCursor {
  readonly cursor: Cursor;
  /** Undefined while it is not stored. */
  readonly etag: string | undefined;
}

/** The cursors of all webhooks, in the store. */
export interface Cursors {
  /** Rejects with a SidecarError when it can't be read. */
  read(hook: string): Promise<StoredCursor>;
  /** Never rejects. */
  write(hook: string, cursor: Cursor, etag: string | undefined): Promise<WriteOutcome>;
  /** Reads, applies what `steps` says, and writes, against others who do the same. False: it may be stored or not. */
  apply(hook: string, steps: (cursor: Cursor) => readonly Step[]): Promise<boolean>;
}

/** Races that may be lost. */
const ATTEMPTS = 8;

/** Cursors in this store; a webhook that has none yet begins with a new one. */
export function createCursors(store: Pick<StateStore, 'get' | 'insert' | 'update'>): Cursors {
  const cursors: Cursors = {
    async read(hook) {
      const stored = await store.get(cursorOf(hook));
      return stored ? { cursor: parseCursor(stored.value), etag: stored.etag } : { cursor: newCursor, etag: undefined };
    },
    async write(hook, cursor, etag) {
      if (etag !== undefined) return store.update(cursorOf(hook), cursor, etag);
      const outcome = await store.insert(cursorOf(hook), cursor);
      return outcome === 'created' ? 'written' : outcome === 'exists' ? 'conflict' : 'unknown';
    },
    async apply(hook, steps) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const { cursor, etag } = await cursors.read(hook);
        const outcome = await cursors.write(hook, fold(cursor, steps(cursor)).cursor, etag);
        if (outcome !== 'conflict') return outcome === 'written';
      }
      return false;
    },
  };
  return cursors;
}

/** What steps make of a cursor, one after the other, and all that they finish. Pure. */
export function fold(
  start: Cursor,
  steps: readonly Step[],
): { readonly cursor: Cursor; readonly finished: readonly Finished[] } {
  let cursor = start;
  const finished: Finished[] = [];
  for (const step of steps) {
    const applied = apply(cursor, step);
    cursor = applied.cursor;
    if (applied.finished) finished.push(applied.finished);
  }
  return { cursor, finished };
}

import type { StateStore } from '@standing-order/dapr';
import { type Additions, type AppendOptions, appendAll } from './append.ts';
import { headOf, type LogEntry, newestOf, type PositionedEntry } from './pages.ts';
import { entriesOf, firstStoredAfter } from './read-entries.ts';

/** The entries that a read returns. */
export interface LogSlice<E extends LogEntry> {
  readonly entries: readonly PositionedEntry<E>[];
  /** Whether there are further entries in this direction. */
  readonly more: boolean;
  /** The position of the newest entry of the log; 0 when it is empty. */
  readonly newest: number;
}

/**
 * The entries to read: at most `limit`, and at most 100. With `before`, or neither: the newest first, before that position. With
 * `after`: the oldest first, after that position.
 */
export type ReadRange =
  | { readonly limit: number; readonly before?: number | undefined }
  | { readonly limit: number; readonly after: number };

/**
 * Logs of small entries (at most a kilobyte), each under its own name. Any number of processes append to them. The store only
 * needs compare-and-set on single keys.
 */
export interface PagedLog<E extends LogEntry> {
  /**
   * Appends entries to logs. Returns for each addition, in order, whether all its entries are stored permanently. `false`: some,
   * all or none of them are stored, now or later, and the addition may be repeated. Never rejects.
   *
   * An entry whose identity is among the last 50 of its log is not appended again. An entry that is repeated later is in the log
   * twice, so readers drop duplicates. That is rare where entries are only repeated after a lost answer.
   */
  append(additions: Additions<E>): Promise<readonly boolean[]>;
  /** Rejects with a SidecarError when the store cannot be read. */
  read(name: string, range: ReadRange): Promise<LogSlice<E>>;
}

const MAX_LIMIT = 100;

/** The paged logs in this store. Keeps no state in memory. */
export function createPagedLog<E extends LogEntry>(
  store: Pick<StateStore, 'get' | 'read' | 'write' | 'insert'>,
  options: AppendOptions<E> = {},
): PagedLog<E> {
  const expires = options.pageExpiresInSeconds !== undefined;
  return {
    append: (additions) => appendAll(store, additions, options),

    async read(name, { limit, ...from }) {
      const head = headOf<E>(await store.get(name));
      const newest = newestOf(head);
      const max = Math.min(limit, MAX_LIMIT);
      const read = (first: number, last: number) => entriesOf(store, { name, head, expires }, first, last);
      if ('after' in from) {
        let first = from.after + 1;
        let entries = await read(first, Math.min(from.after + max, newest));
        if (entries.length === 0 && first <= newest) {
          first = await firstStoredAfter(store, { name, head }, first);
          entries = await read(first, Math.min(first + max - 1, newest));
        }
        return { entries, more: first + max - 1 < newest, newest };
      }
      const last = Math.min(from.before === undefined ? newest : from.before - 1, newest);
      const first = Math.max(last - max + 1, 1);
      const entries = await read(first, last);
      // Pages expire oldest first: before a missing entry there are only missing ones.
      return { entries: entries.toReversed(), more: first > 1 && entries[0]?.position === first, newest };
    },
  };
}

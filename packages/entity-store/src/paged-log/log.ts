import { SidecarError, type StateStore } from '@standing-order/dapr';
import { type Additions, appendAll } from './append.ts';
import { type Head, headOf, type LogEntry, newestOf, PAGE_SIZE, type Page, pageKey, pageOf } from './pages.ts';

/** An entry with its position. Positions count from 1 without a gap, and never change. */
export interface PositionedEntry<E extends LogEntry> {
  readonly position: number;
  readonly entry: E;
}

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
   * An entry whose id is among the last 50 of its log is not appended again. An entry that is repeated later is in the log
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
): PagedLog<E> {
  return {
    append: (additions) => appendAll(store, additions),

    async read(name, { limit, ...from }) {
      const head = headOf<E>(await store.get(name));
      const newest = newestOf(head);
      const max = Math.min(limit, MAX_LIMIT);
      if ('after' in from) {
        const last = Math.min(from.after + max, newest);
        return { entries: await entriesOf(store, name, head, from.after + 1, last), more: last < newest, newest };
      }
      const last = Math.min(from.before === undefined ? newest : from.before - 1, newest);
      const first = Math.max(last - max + 1, 1);
      const entries = await entriesOf(store, name, head, first, last);
      return { entries: entries.toReversed(), more: last >= first && first > 1, newest };
    },
  };
}

/** The entries from one position to another, both inclusive. */
async function entriesOf<E extends LogEntry>(
  store: Pick<StateStore, 'read'>,
  name: string,
  head: Head<E>,
  first: number,
  last: number,
): Promise<PositionedEntry<E>[]> {
  const positions = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
  const keys = new Set<string>();
  for (const position of positions) if (position < head.first) keys.add(pageKey(name, pageOf(position)));
  const pages = keys.size > 0 ? await store.read([...keys]) : undefined;

  return positions.map((position) => {
    const page = pages?.get(pageKey(name, pageOf(position)))?.value as Page<E> | undefined;
    const entry =
      position < head.first ? page?.entries[(position - 1) % PAGE_SIZE] : head.entries[position - head.first];
    if (entry === undefined) throw new SidecarError(`entry ${position} of ${name} is not in the store`);
    return { position, entry };
  });
}

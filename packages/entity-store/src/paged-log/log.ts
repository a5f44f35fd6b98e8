import { SidecarError, type StateStore } from '@standing-order/dapr';
import { type Additions, addAll } from './add.ts';
import { type Head, headOf, type LogEntry, newestOf, PAGE_SIZE, type Page, pageKey, pageOf } from './pages.ts';

/** An entry at its place: positions are whole numbers from 1 without a gap, and never change. */
export interface PositionedEntry<E extends LogEntry> {
  readonly position: number;
  readonly entry: E;
}

export interface LogSlice<E extends LogEntry> {
  readonly entries: readonly PositionedEntry<E>[];
  /** Whether there are further entries in this direction. */
  readonly more: boolean;
  /** The position of the newest entry of the log; 0 when it is empty. */
  readonly newest: number;
}

/** At most `limit` entries, 100 at most: the newest first, those before a position; or those after one, oldest first. */
export type ReadRange =
  | { readonly limit: number; readonly before?: number | undefined }
  | { readonly limit: number; readonly after: number };

/**
 * Logs of small entries (a kilobyte at most), each under a name of its own. Any number of processes add to them; a store
 * that does compare-and-set on single keys is enough.
 */
export interface PagedLog<E extends LogEntry> {
  /**
   * Adds entries to the end of logs; says for each addition, in order, whether all of it is stored for good. `false`: some,
   * all or none of it is stored, now or later, and it may be added again. Never rejects.
   *
   * An entry whose id is among the last 50 of its log is not added again. One that comes later than that is in the log
   * twice, so readers drop doubles; it is rare where entries are only repeated because an answer was lost.
   */
  append(additions: Additions<E>): Promise<readonly boolean[]>;
  /** Rejects with a SidecarError when the store can't be read. */
  read(name: string, wanted: ReadRange): Promise<LogSlice<E>>;
}

const MAX_LIMIT = 100;

/** Logs in this store, under whatever names. It keeps nothing in memory. */
export function createPagedLog<E extends LogEntry>(
  store: Pick<StateStore, 'get' | 'read' | 'write' | 'insert'>,
): PagedLog<E> {
  return {
    append: (additions) => addAll(store, additions),

    async read(name, { limit, ...from }) {
      const head = headOf<E>(await store.get(name));
      const newest = newestOf(head);
      const most = Math.min(limit, MAX_LIMIT);
      if ('after' in from) {
        const last = Math.min(from.after + most, newest);
        return { entries: await entriesOf(store, name, head, from.after + 1, last), more: last < newest, newest };
      }
      const last = Math.min(from.before === undefined ? newest : from.before - 1, newest);
      const first = Math.max(last - most + 1, 1);
      const entries = await entriesOf(store, name, head, first, last);
      return { entries: entries.toReversed(), more: last >= first && first > 1, newest };
    },
  };
}

/** The entries from one position to another, both included. */
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
    if (entry === undefined) throw new SidecarError(`entry ${position} of ${name} is missing from the store`);
    return { position, entry };
  });
}

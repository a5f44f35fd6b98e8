import { SidecarError, type StateStore } from '@standing-order/dapr';
import { type Head, type LogEntry, PAGE_SIZE, type Page, type PositionedEntry, pageKey, pageOf } from './pages.ts';

interface LogRead<E extends LogEntry> {
  readonly name: string;
  readonly head: Head<E>;
  /** Whether the pages of this log expire. */
  readonly expires: boolean;
}

/**
 * The entries from one position to another, both inclusive. Entries of a page that has expired are left out. A missing page of a
 * log whose pages do not expire is an error.
 */
export async function entriesOf<E extends LogEntry>(
  store: Pick<StateStore, 'read'>,
  { name, head, expires }: LogRead<E>,
  first: number,
  last: number,
): Promise<PositionedEntry<E>[]> {
  const positions = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
  const keys = new Set<string>();
  for (const position of positions) if (position < head.first) keys.add(pageKey(name, pageOf(position)));
  const pages = keys.size > 0 ? await store.read([...keys]) : undefined;

  return positions.flatMap((position) => {
    const page = pages?.get(pageKey(name, pageOf(position)))?.value as Page<E> | undefined;
    if (page === undefined && position < head.first && expires) return [];
    const entry =
      position < head.first ? page?.entries[(position - 1) % PAGE_SIZE] : head.entries[position - head.first];
    if (entry === undefined) throw new SidecarError(`entry ${position} of ${name} is not in the store`);
    return { position, entry };
  });
}

/** The first position from `from` on whose page has not expired. Pages expire oldest first, so a binary search finds it. */
export async function firstStoredAfter(
  store: Pick<StateStore, 'read'>,
  { name, head }: Pick<LogRead<LogEntry>, 'name' | 'head'>,
  from: number,
): Promise<number> {
  let low = pageOf(from);
  let high = pageOf(head.first);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const key = pageKey(name, middle);
    if ((await store.read([key])).has(key)) high = middle;
    else low = middle + 1;
  }
  return Math.max(from, low * PAGE_SIZE + 1);
}

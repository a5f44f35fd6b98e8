/** Something in a log. Its id tells it from the other entries of that log; the rest is the writer's. */
export interface LogEntry {
  readonly id: string;
}

/**
 * The document under a log's own name: its newest entries, the first of which has position `first`. Older ones are in full
 * pages that never change.
 */
export interface Head<E extends LogEntry> {
  readonly v: number;
  readonly first: number;
  readonly entries: readonly E[];
}

/** The document of a full page. */
export interface Page<E extends LogEntry> {
  readonly v: number;
  readonly entries: readonly E[];
}

const VERSION = 1;

/** Entries of a full page. */
export const PAGE_SIZE = 100;

/** Entries that stay in the head when pages are cut off it: an entry that comes again soon is known by them. */
const STAY = 50;

/** Most entries that one write adds to a head, which bounds its size. */
export const MAX_ADDED = 128;

/** Positions start from 1, so that nothing comes after 0 but everything. */
const emptyHead: Head<never> = { v: VERSION, first: 1, entries: [] };

/** The head that is stored, or that of an empty log. @throws when its version is not one that this code understands */
export function headOf<E extends LogEntry>(stored: { readonly value: unknown } | undefined): Head<E> {
  if (stored === undefined) return emptyHead;
  const version = (stored.value as { v?: unknown } | null)?.v;
  if (version !== VERSION) throw new Error(`a log of version ${String(version)}; this code reads ${VERSION}`);
  return stored.value as Head<E>;
}

/** The position of the newest entry; 0 of an empty log. */
export const newestOf = ({ first, entries }: Head<LogEntry>): number => first + entries.length - 1;

/** On which page a position is, once it has left the head; pages count from 0. */
export const pageOf = (position: number): number => Math.floor((position - 1) / PAGE_SIZE);

/** The key of a full page. No log's own name may start like this. */
export const pageKey = (name: string, page: number): string => `page:${page}:${name}`;

/** Those of the entries that the head does not hold, each once, in their order. */
export function missingFrom<E extends LogEntry>(head: Head<E>, entries: readonly E[]): readonly E[] {
  const known = new Set(head.entries.map(({ id }) => id));
  return entries.filter(({ id }) => !known.has(id) && known.add(id));
}

/**
 * The head of the log `name` with these entries added, and by their keys the full pages that are cut off it. Pages hold
 * only what was in the stored head: whoever cuts one off cuts off the same, so that many may write it, again and late.
 */
export function grown<E extends LogEntry>(
  name: string,
  { first, entries }: Head<E>,
  added: readonly E[],
): { readonly head: Head<E>; readonly pages: ReadonlyMap<string, Page<E>> } {
  const pages = new Map<string, Page<E>>();
  let cut = 0;
  for (; entries.length - cut >= PAGE_SIZE + STAY; cut += PAGE_SIZE) {
    pages.set(pageKey(name, pageOf(first + cut)), { v: VERSION, entries: entries.slice(cut, cut + PAGE_SIZE) });
  }
  return { head: { v: VERSION, first: first + cut, entries: [...entries.slice(cut), ...added] }, pages };
}

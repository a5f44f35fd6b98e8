/** An entry of a log. The writer chooses the other fields. */
export interface LogEntry {
  readonly id: string;
}

/** An entry with its position. Positions count from 1 without a gap, and never change. */
export interface PositionedEntry<E extends LogEntry> {
  readonly position: number;
  readonly entry: E;
}

/**
 * The document under a log's name: its newest entries, the first of which has position `first`. Older entries are in full pages,
 * which never change.
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

/** Entries that stay in the head when full pages leave it. A repeated entry is recognised among them. */
const MIN_HEAD = 50;

/** Maximum number of entries that one write appends to a head, which bounds the size of the head. */
export const MAX_ADDED = 128;

/** Positions count from 1, so that a read after 0 returns every entry. */
const EMPTY_HEAD: Head<never> = { v: VERSION, first: 1, entries: [] };

/** The stored head, or that of an empty log. @throws when this code does not support the document's version */
export function headOf<E extends LogEntry>(stored: { readonly value: unknown } | undefined): Head<E> {
  if (stored === undefined) return EMPTY_HEAD;
  const version = (stored.value as { v?: unknown } | null)?.v;
  if (version !== VERSION) throw new Error(`a log of version ${String(version)} cannot be read; supported: ${VERSION}`);
  return stored.value as Head<E>;
}

/** The position of the newest entry; 0 for an empty log. */
export const newestOf = ({ first, entries }: Head<LogEntry>): number => first + entries.length - 1;

/** The page of a position that has left the head. Pages count from 0. */
export const pageOf = (position: number): number => Math.floor((position - 1) / PAGE_SIZE);

/** The key of a full page. No name of a log may begin with `page:`. */
export const pageKey = (name: string, page: number): string => `page:${page}:${name}`;

/** The entries that the head does not have, each once, in order. */
export function missingFrom<E extends LogEntry>(
  head: Head<E>,
  entries: readonly E[],
  identityOf: (entry: E) => string,
): readonly E[] {
  const known = new Set(head.entries.map(identityOf));
  return entries.filter((entry) => {
    const identity = identityOf(entry);
    return !known.has(identity) && known.add(identity);
  });
}

/**
 * The head of the log `name` with these entries appended, and the full pages that leave it, by key. A page has only entries of
 * the stored head, so every process makes the same page of it, and may write it again, and late.
 */
export function growHead<E extends LogEntry>(
  name: string,
  { first, entries }: Head<E>,
  added: readonly E[],
): { readonly head: Head<E>; readonly pages: ReadonlyMap<string, Page<E>> } {
  const pages = new Map<string, Page<E>>();
  let moved = 0;
  for (; entries.length - moved >= PAGE_SIZE + MIN_HEAD; moved += PAGE_SIZE) {
    pages.set(pageKey(name, pageOf(first + moved)), { v: VERSION, entries: entries.slice(moved, moved + PAGE_SIZE) });
  }
  return { head: { v: VERSION, first: first + moved, entries: [...entries.slice(moved), ...added] }, pages };
}

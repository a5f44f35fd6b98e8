import type { InsertOutcome, StateStore, Stored, WriteOutcome } from '@standing-order/dapr';
import { warnRateLimited } from '@standing-order/service-kit/telemetry';
import { growHead, type Head, headOf, type LogEntry, MAX_ADDED, missingFrom } from './pages.ts';

/** Entries to append, by log. */
export type Additions<E extends LogEntry> = readonly { readonly name: string; readonly entries: readonly E[] }[];

export interface AppendOptions<E extends LogEntry> {
  /**
   * Seconds after which the store deletes a full page, counted from the moment when the page left the head. Readers skip a
   * page that is missing. Undefined: pages are kept, and a read of a missing page rejects.
   */
  readonly pageExpiresInSeconds?: number | undefined;
  /** Two entries with the same identity are one entry. Default: the id. */
  readonly identityOf?: (entry: E) => string;
}

type WritableStore = Pick<StateStore, 'read' | 'write' | 'insert'>;

/** lost: another writer was faster. failed: the entries may be stored or not. */
type Outcome = 'added' | 'lost' | 'failed';

/** A log as it was read, and the entries that it does not have. */
interface Growth<E extends LogEntry> {
  readonly name: string;
  readonly etag: string | undefined;
  readonly head: Head<E>;
  readonly missing: readonly E[];
}

/** Rounds of writes after which an addition fails. */
const ATTEMPTS = 8;
/** Concurrent insertions: leaves connections for other requests. */
const CONCURRENT_INSERTS = 16;

/**
 * Appends entries to logs. Returns for each addition, in order, whether all its entries are known to be stored. Never rejects.
 *
 * Does not use `modify`: one read and one bulk write serve all logs of a batch, where `modify` would take two requests for each.
 * An unclear write is not read back, since the caller repeats the addition and the log recognises the entries by their identities.
 */
export async function appendAll<E extends LogEntry>(
  store: WritableStore,
  additions: Additions<E>,
  { pageExpiresInSeconds, identityOf = ({ id }) => id }: AppendOptions<E> = {},
): Promise<readonly boolean[]> {
  const open = new Map<string, readonly E[]>();
  for (const { name, entries } of additions) open.set(name, [...(open.get(name) ?? []), ...entries]);
  const failed = new Set<string>();
  const longest = Math.max(0, ...[...open.values()].map(({ length }) => length));

  for (let rounds = ATTEMPTS + Math.floor(longest / MAX_ADDED); rounds > 0 && open.size > 0; rounds--) {
    const stored = await store.read([...open.keys()]).catch(() => undefined);
    if (!stored) break;
    const growths: Growth<E>[] = [];
    for (const [name, entries] of open) {
      const growth = growthOf<E>(name, stored.get(name), (head) => missingFrom(head, entries, identityOf));
      if (growth?.missing.length) growths.push(growth);
      else open.delete(name);
      if (!growth) failed.add(name);
    }
    for (const [{ name, missing }, outcome] of await appendOnce(store, growths, pageExpiresInSeconds)) {
      if (outcome === 'failed') failed.add(name);
      const left = outcome === 'added' ? missing.slice(MAX_ADDED) : missing;
      if (outcome === 'failed' || left.length === 0) open.delete(name);
      else open.set(name, left);
    }
  }
  return additions.map(({ name }) => !failed.has(name) && !open.has(name));
}

/** Undefined for a log of a version that this code does not support. */
function growthOf<E extends LogEntry>(
  name: string,
  stored: Stored | undefined,
  missingOf: (head: Head<E>) => readonly E[],
): Growth<E> | undefined {
  try {
    const head = headOf<E>(stored);
    return { name, etag: stored?.etag, head, missing: missingOf(head) };
  } catch (error) {
    warnRateLimited('paged log', { err: error, name }, 'a log of an unsupported version cannot be appended to');
    return undefined;
  }
}

/** Appends to each log as many entries as one write may add. */
async function appendOnce<E extends LogEntry>(
  store: WritableStore,
  growths: readonly Growth<E>[],
  pageExpiresInSeconds: number | undefined,
): Promise<Map<Growth<E>, Outcome>> {
  const outcomes = new Map<Growth<E>, Outcome>();
  const updates: { key: string; value: Head<E>; etag: string; growth: Growth<E> }[] = [];
  const creations: (() => Promise<void>)[] = [];
  for (const growth of growths) {
    const { name, etag, head, missing } = growth;
    const { head: value, pages } = growHead(name, head, missing.slice(0, MAX_ADDED));
    const mayMove = etag !== undefined && (await writePages(store, pages, pageExpiresInSeconds));
    if (mayMove) updates.push({ key: name, value, etag, growth });
    else if (etag !== undefined) outcomes.set(growth, 'failed');
    else
      creations.push(async () => {
        outcomes.set(growth, outcomeOf(await store.insert(name, value)));
      });
  }
  for (let from = 0; from < creations.length; from += CONCURRENT_INSERTS) {
    await Promise.all(creations.slice(from, from + CONCURRENT_INSERTS).map((insert) => insert()));
  }
  const written = updates.length === 0 ? 'written' : await store.write(updates.map(({ growth: _, ...item }) => item));
  for (const { growth } of updates) outcomes.set(growth, outcomeOf(written));
  return outcomes;
}

function outcomeOf(outcome: WriteOutcome | InsertOutcome): Outcome {
  if (outcome === 'written' || outcome === 'created') return 'added';
  return outcome === 'conflict' || outcome === 'exists' ? 'lost' : 'failed';
}

/** Stores full pages before they leave the head. Pages never change, so one that exists has the same content. */
async function writePages(
  store: WritableStore,
  pages: ReadonlyMap<string, unknown>,
  expiresInSeconds: number | undefined,
): Promise<boolean> {
  for (const [key, page] of pages) {
    const outcome = await store.insert(key, page, expiresInSeconds);
    if (outcome !== 'created' && outcome !== 'exists') return false;
  }
  return true;
}

import type { DeletionQueue } from '../commit/deletion-queue.ts';
import { type Context, reasonOf, slices } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { documentKey, parseSegment, segmentKey } from '../storage-format.ts';

/** A document as it is stored, as far as this process knows. */
export interface StoredDocument<D> {
  readonly document: D;
  /** Undefined when only a read can tell. */
  readonly etag: string | undefined;
}

/** What the store says of each id. Throws when it can't be read. */
export const readDocuments = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  ids: readonly string[],
): Promise<Map<string, StoredDocument<D> | 'absent' | 'unreadable'>> => {
  const { store, handler, observer, settings } = context;
  const documents = new Map<string, StoredDocument<D> | 'absent' | 'unreadable'>();
  for (const slice of slices([...new Set(ids)], settings.readBatch)) {
    const found = await store.read(slice.map(documentKey));
    for (const id of slice) {
      const stored = found.get(documentKey(id));
      if (stored === undefined) documents.set(id, 'absent');
      else {
        try {
          documents.set(id, { document: handler.parse(stored.value), etag: stored.etag });
        } catch (error) {
          observer.event?.('document-unreadable', { reason: reasonOf(error) });
          documents.set(id, 'unreadable');
        }
      }
    }
  }
  return documents;
};

/** A segment and what has become of its documents. */
export interface ScannedSegment {
  readonly n: number;
  readonly key: string;
  readonly size: number;
  readonly open: readonly string[];
  readonly absent: number;
  /** It, or one of its documents, is not understood: it must stay. */
  readonly unreadable: boolean;
}

const parse = <D extends OutboxDocument, A>(context: Context<D, A>, stored: Stored): readonly string[] | undefined => {
  try {
    return parseSegment(stored.value).ids;
  } catch (error) {
    context.observer.event?.('segment-unreadable', { reason: reasonOf(error) });
    return undefined;
  }
};

/** Judges those of a writer's segments from..to (both included) that `stored` holds. Throws when the store can't be read. */
export const scanSegments = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  writer: string,
  [from, to]: readonly [number, number],
  stored: ReadonlyMap<string, Stored>,
  isOpen: (id: string) => boolean,
): Promise<ScannedSegment[]> => {
  const segments: { n: number; key: string; ids: readonly string[] | undefined }[] = [];
  for (let n = from; n <= to; n++) {
    const key = segmentKey(writer, n);
    const value = stored.get(key);
    if (value !== undefined) segments.push({ n, key, ids: parse(context, value) });
  }
  const unknown = segments.flatMap(({ ids }) => (ids ?? []).filter((id) => !isOpen(id)));
  const documents = await readDocuments(context, unknown);
  return segments.map(({ n, key, ids }) => {
    const open: string[] = [];
    let absent = 0;
    let unreadable = ids === undefined;
    for (const id of ids ?? []) {
      const seen = documents.get(id);
      if (seen === 'absent') absent++;
      else if (seen === 'unreadable') unreadable = true;
      else if (seen === undefined || context.handler.pendingChannels(seen.document).length > 0) open.push(id);
    }
    return { n, key, size: ids?.length ?? 0, open, absent, unreadable };
  });
};

interface Source {
  readonly key: string;
  /** Called when it is deleted. Undefined: it has to stay. */
  readonly gone: (() => void) | undefined;
}

/** Gathers open ids of several segments into new ones, and lets the old segments go when their ids have a new home. */
export class SegmentRewriter<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  #ids = new Set<string>();
  #sources: Source[] = [];

  constructor(context: Context<D, A>, deletions: DeletionQueue, move: (ids: readonly string[]) => Promise<boolean>) {
    this.#context = context;
    this.#deletions = deletions;
    this.#move = move;
  }

  /** False when a move was given up; nothing of it has been deleted then. */
  async add(open: readonly string[], source: Source): Promise<boolean> {
    const fits = this.#ids.size + open.length <= this.#context.settings.batchDocuments;
    if (!fits && !(await this.flush())) return false;
    for (const id of open) this.#ids.add(id);
    this.#sources.push(source);
    return true;
  }

  async flush(): Promise<boolean> {
    const ids = [...this.#ids];
    const sources = this.#sources;
    this.#ids = new Set();
    this.#sources = [];
    if (ids.length === 0) return true;
    const early = this.#context.policies.mayDeleteRewritten('planned');
    if (early) this.#delete(sources);
    const confirmed = await this.#move(ids);
    if (confirmed && !early && this.#context.policies.mayDeleteRewritten('confirmed')) this.#delete(sources);
    return confirmed;
  }

  #delete(sources: readonly Source[]): void {
    for (const { key, gone } of sources) if (gone !== undefined) this.#deletions.add(key, gone);
  }
}

import type { Context } from './context.ts';
import type { OutboxDocument, Stored } from './ports.ts';
import { documentKey } from './storage-format.ts';
import { reasonOf } from './util/errors.ts';
import { slices } from './util/slices.ts';
import { type Times, timesOf } from './util/time.ts';

/** A document as this process last read or wrote it. */
export interface StoredDocument<D> {
  readonly document: D;
  /** Undefined when only a read can tell. */
  readonly etag: string | undefined;
  /** When its read, or its write, was requested. It may have expired since. */
  readonly asOf: Times;
}

/** Whether this document may have expired since it was read, so that it must be read again before it is written. */
export const isOutdated = <D extends OutboxDocument, A>({ clock, policies }: Context<D, A>, asOf: Times): boolean =>
  !policies.mayWrite({ monotonicMs: clock.monotonic() - asOf.monotonic, wallMs: clock.wall() - asOf.wall });

/** Parses a stored document. A document that this version cannot read is reported to the observer. */
export const parseDocument = <D extends OutboxDocument, A>(
  { handler, observer }: Context<D, A>,
  id: string,
  { value, etag }: Stored,
  asOf: Times,
): StoredDocument<D> | 'unreadable' => {
  try {
    return { document: handler.parse(value), etag, asOf };
  } catch (error) {
    observer.event?.('document-unreadable', { id, reason: reasonOf(error) });
    return 'unreadable';
  }
};

/** Reads documents in slices and returns an entry for every id. Throws when the store cannot be read. */
export const readDocuments = async <D extends OutboxDocument, A>(
  context: Context<D, A>,
  ids: readonly string[],
): Promise<Map<string, StoredDocument<D> | 'absent' | 'unreadable'>> => {
  const { entryReader, settings, clock } = context;
  const documents = new Map<string, StoredDocument<D> | 'absent' | 'unreadable'>();
  for (const slice of slices([...new Set(ids)], settings.readBatch)) {
    const asOf = timesOf(clock);
    const found = await entryReader.read(slice.map(documentKey));
    for (const id of slice) {
      const stored = found.get(documentKey(id));
      documents.set(id, stored === undefined ? 'absent' : parseDocument(context, id, stored, asOf));
    }
  }
  return documents;
};

import type { Context } from '../context.ts';
import type { OutboxDocument, Stored } from '../ports.ts';
import { parseSegment, segmentKey } from '../storage-format.ts';
import { readDocuments } from '../stored-documents.ts';
import { reasonOf } from '../util/errors.ts';

/** A segment and the state of its documents. */
export interface ScannedSegment {
  readonly n: number;
  readonly key: string;
  /** Number of ids that the segment names. */
  readonly size: number;
  /** Ids of documents with a pending channel. */
  readonly open: readonly string[];
  /** Number of ids without a stored document. */
  readonly absent: number;
  /** The segment, or one of its documents, has an unsupported version. The segment must stay. */
  readonly unreadable: boolean;
}

const idsOf = <D extends OutboxDocument, A>(context: Context<D, A>, stored: Stored): readonly string[] | undefined => {
  try {
    return parseSegment(stored.value).ids;
  } catch (error) {
    context.observer.event?.('segment-unreadable', { reason: reasonOf(error) });
    return undefined;
  }
};

/**
 * Reads the documents of a writer's segments `from` to `to`, both included, as far as `stored` contains these segments. Ids
 * for which `isOpen` returns true are not read. Throws when the store cannot be read.
 */
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
    if (value !== undefined) segments.push({ n, key, ids: idsOf(context, value) });
  }
  const unknown = segments.flatMap(({ ids }) => (ids ?? []).filter((id) => !isOpen(id)));
  const documents = await readDocuments(context, unknown);
  return segments.map(({ n, key, ids }) => {
    const open: string[] = [];
    let absent = 0;
    let unreadable = ids === undefined;
    for (const id of ids ?? []) {
      const found = documents.get(id);
      if (found === 'absent') absent++;
      else if (found === 'unreadable') unreadable = true;
      else if (found === undefined || context.handler.pendingChannels(found.document).length > 0) open.push(id);
    }
    return { n, key, size: ids?.length ?? 0, open, absent, unreadable };
  });
};

import type { Context } from '../context.ts';
import type { OutboxDocument, WriteItem } from '../ports.ts';
import { documentKey } from '../storage-format.ts';

/**
 * Seconds after which the store may delete the document. Undefined: never. Only a complete document expires, because
 * replies are written by ETag, and a compare-and-set on a missing key restores the document on some stores.
 */
export const expiryOf = <D extends OutboxDocument, A>(
  { handler, policies }: Context<D, A>,
  document: D,
): number | undefined => {
  if (handler.retentionSeconds === undefined) return undefined;
  const pending = handler.pendingChannels(document).length;
  return policies.mayExpire({ pending }) ? handler.retentionSeconds(document) : undefined;
};

/** The item that writes a document over the version with this ETag. */
export const writeItemOf = <D extends OutboxDocument, A>(
  context: Context<D, A>,
  document: D,
  etag: string,
): WriteItem => {
  const item = { key: documentKey(document.id), value: document, etag };
  const expiresInSeconds = expiryOf(context, document);
  return expiresInSeconds === undefined ? item : { ...item, expiresInSeconds };
};

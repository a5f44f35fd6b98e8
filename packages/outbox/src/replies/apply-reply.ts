import type { Context } from '../context.ts';
import { markOf, parseName } from '../insertion-mark.ts';
import type { OutboxDocument } from '../ports.ts';

/** Applies a reply, unless it replies to a command about an earlier document of the same id, which has expired. */
export const applyReply = <D extends OutboxDocument, A>(
  { handler, clock, policies }: Context<D, A>,
  document: D,
  reply: A,
): { readonly document: D } | { readonly ignored: string } => {
  const token = handler.tokenOf?.(reply);
  const marks = { replied: token && parseName(token).mark, stored: markOf(document) };
  return policies.countsReply(marks) ? handler.apply(document, reply, clock.wall()) : { ignored: 'earlier-document' };
};

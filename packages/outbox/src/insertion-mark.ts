import type { OutboxDocument, Token } from './ports.ts';
import { hash } from './util/hash.ts';

/** Between the name of the writer and the mark. Names of writers, and signatures, do not contain it. */
const SEPARATOR = '~';

/** Distinguishes this insertion of a document from an earlier one of the same id, which has expired. */
export const markOf = ({ nonce }: OutboxDocument): string => hash(nonce).toString(36);

/** The `w` of a token for a command about this document: the writer, and the mark of the document. */
export const markedName = (writer: string, document: OutboxDocument): string =>
  `${writer}${SEPARATOR}${markOf(document)}`;

/** The writer and the mark in a token. Tokens of earlier versions have no mark. */
export const parseName = ({ w }: Token): { readonly writer: string; readonly mark: string | undefined } => {
  const at = w.indexOf(SEPARATOR);
  return at < 0 ? { writer: w, mark: undefined } : { writer: w.slice(0, at), mark: w.slice(at + 1) };
};

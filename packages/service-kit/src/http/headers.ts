import { idempotencyKey } from '@standing-order/contracts';
import type { Context } from 'hono';
import type { z } from 'zod';
import { invalidRequest, ProblemError } from './problem.ts';

/** The Idempotency-Key, if there is one. @throws ProblemError when it is not 1 to 255 visible ASCII characters */
export function idempotencyKeyOf(c: Context): string | undefined {
  const value = c.req.header('idempotency-key');
  if (value === undefined) return undefined;
  const result = idempotencyKey.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest(result.error.issues.map(({ message }) => ({ field: 'Idempotency-Key', detail: message })));
}

/** The entity tags of a list (RFC 9110, 8.8.3); `W/` marks a weak one. */
const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;
const TAGS = /(W\/)?"([\x21\x23-\x7e]*)"/g;

/** True for the ETags of versions that a change may be applied to. */
export type Precondition = (etag: string) => boolean;

/**
 * The precondition in If-Match, undefined without the header: `*` matches every version, a list each of its tags. Weak tags never
 * match, because the comparison is strong (RFC 9110, 13.1.1). @throws ProblemError 422 when the value is malformed
 */
export function ifMatch(c: Context): Precondition | undefined {
  const value = c.req.header('if-match');
  if (value === undefined) return undefined;
  if (value.trim() === '*') return () => true;
  if (!TAG_LIST.test(value)) {
    throw invalidRequest([{ field: 'If-Match', detail: 'must be * or a list of ETags in quotes' }]);
  }
  const strong = [...value.matchAll(TAGS)].filter(([, weak]) => weak === undefined).map(([, , tag]) => tag);
  return (etag) => strong.includes(etag);
}

/** The precondition in If-Match. @throws ProblemError 428 without the header, 422 when it is malformed */
export function requireIfMatch(c: Context): Precondition {
  const precondition = ifMatch(c);
  if (precondition) return precondition;
  throw new ProblemError('precondition-required', {
    errors: [{ field: 'If-Match', detail: 'is missing; must be the ETag of the version that you have read' }],
  });
}

/** A stored version in the form of an ETag header. */
export const formatEtag = (etag: string): string => `"${etag}"`;

/** Tags without their weak prefix, for the weak comparison. */
const OPAQUE_TAGS = /"[\x21\x23-\x7e\x80-\xff]*"/g;

/** Whether a GET or HEAD gets 304: If-None-Match is `*`, or its list has this ETag, weak or not (RFC 9110, 13.1.2). */
export function isUnchanged(c: Context, etag: string): boolean {
  const value = c.req.header('if-none-match');
  if (value === undefined || !['GET', 'HEAD'].includes(c.req.method)) return false;
  return value.trim() === '*' || value.match(OPAQUE_TAGS)?.includes(etag) === true;
}

/** A path parameter. @throws ProblemError 404 with the reason when it is invalid, since no resource can have it */
export function pathParam(c: Context, name: string, schema: z.ZodType<string>): string {
  const result = schema.safeParse(c.req.param(name));
  if (result.success) return result.data;
  throw new ProblemError('not-found', {
    errors: result.error.issues.map(({ message }) => ({ field: name, detail: message })),
  });
}

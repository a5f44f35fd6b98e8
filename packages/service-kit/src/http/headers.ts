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

const STRONG_TAG = /^"([\x21\x23-\x7e]{1,255})"$/;

/** The ETag in If-Match, without quotes. @throws ProblemError 428 without the header, 422 unless it is one strong ETag */
export function requireIfMatch(c: Context): string {
  const value = c.req.header('if-match');
  if (value === undefined) {
    throw new ProblemError('precondition-required', {
      errors: [{ field: 'If-Match', detail: 'is missing; must be the ETag of the version that you have read' }],
    });
  }
  const tag = STRONG_TAG.exec(value.trim())?.[1];
  if (tag === undefined) throw invalidRequest([{ field: 'If-Match', detail: 'must be one strong ETag in quotes' }]);
  return tag;
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

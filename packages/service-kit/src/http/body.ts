import type { Context } from 'hono';
import type { z } from 'zod';
import { allFaultsOf, invalidRequest, ProblemError } from './problem.ts';

/** The largest body that a client may send, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

const tooLarge = (limit: number): ProblemError =>
  new ProblemError('content-too-large', { errors: [{ field: 'body', detail: `must have at most ${limit} bytes` }] });

/** Reads and counts a body without a Content-Length. */
async function streamedText(request: Request, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The body as text, at most `limit` bytes. With a Content-Length, which the HTTP parser enforces, a body that is too large is
 * refused before it is read.
 */
async function textBody(c: Context, limit: number): Promise<string> {
  const length = c.req.header('content-length');
  if (length === undefined) return streamedText(c.req.raw, limit);
  if (!(Number(length) <= limit)) throw tooLarge(limit);
  return c.req.text();
}

/** Parses the body as JSON of at most `limit` bytes, without validation. @throws ProblemError 400, 413 */
export async function parseBody(c: Context, limit: number): Promise<unknown> {
  const text = await textBody(c, limit);
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ProblemError('malformed-request', { errors: [{ field: 'body', detail: `must be JSON: ${detail}` }] });
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Reads, parses and validates a JSON body of at most 256 KiB. @throws ProblemError with every fault */
export async function readJsonBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const type = c.req.header('content-type') ?? '';
  if (!JSON_TYPE.test(type)) {
    const detail = type
      ? `must be application/json, not ${type.slice(0, 100)}`
      : 'is missing; must be application/json';
    throw new ProblemError('unsupported-media-type', { errors: [{ field: 'Content-Type', detail }] });
  }
  const result = schema.safeParse(await parseBody(c, MAX_BODY_BYTES));
  if (!result.success) throw invalidRequest(allFaultsOf(result.error));
  return result.data;
}

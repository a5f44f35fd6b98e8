import type { Context } from 'hono';
import type { z } from 'zod';
import { allFaultsOf, invalidRequest, ProblemError } from './problem.ts';

/** The largest body that a client may send, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

const tooLarge = (limit: number): ProblemError =>
  new ProblemError('content-too-large', { errors: [{ field: 'body', detail: `may have at most ${limit} bytes` }] });

/** Counts while it reads, for a body that does not say its length. */
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
 * The body as text, at most `limit` bytes of it. With a Content-Length, which the HTTP parser holds the client to, a body
 * that is too large is refused before any of it is read.
 */
async function textBody(c: Context, limit: number): Promise<string> {
  const length = c.req.header('content-length');
  if (length === undefined) return streamedText(c.req.raw, limit);
  if (!(Number(length) <= limit)) throw tooLarge(limit);
  return c.req.text();
}

/** The body as JSON, not validated. */
export async function parseBody(c: Context, limit: number): Promise<unknown> {
  const text = await textBody(c, limit);
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new ProblemError('malformed-request', { errors: [{ field: 'body', detail: `is not JSON: ${detail}` }] });
  }
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Reads, limits (256 KiB), parses and validates a JSON body. Throws the ProblemError that names every fault. */
export async function readJsonBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const type = c.req.header('content-type') ?? '';
  if (!JSON_TYPE.test(type)) {
    const detail = type ? `is ${type.slice(0, 100)}, not application/json` : 'is missing; application/json is expected';
    throw new ProblemError('unsupported-media-type', { errors: [{ field: 'Content-Type', detail }] });
  }
  const result = schema.safeParse(await parseBody(c, MAX_BODY_BYTES));
  if (!result.success) throw invalidRequest(allFaultsOf(result.error));
  return result.data;
}

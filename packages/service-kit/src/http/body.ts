import type { Context } from 'hono';
import type { z } from 'zod';
import { allFaultsOf, invalidRequest, ProblemError } from './problem.ts';
import { Transfers } from './transfers.ts';

/** The largest body that any operation accepts, in bytes. Operations with a smaller schema have a smaller limit. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Bodies up to this size are not counted: at most this much for each of the 4,096 connections that the server accepts. */
const SMALL_BODY_BYTES = 16 * 1024;
const uploads = new Transfers(16 * 1024 * 1024);

const tooLarge = (limit: number): ProblemError =>
  new ProblemError('content-too-large', { errors: [{ field: 'body', detail: `must have at most ${limit} bytes` }] });

/** Reads and counts a body that is large, or of unknown size. */
async function streamedText({ body }: Request, limit: number): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  let tooSlow = false;
  const upload = uploads.start(() => {
    tooSlow = true;
    // Ends the pending read. The connection is closed with the response, because the request is not complete.
    reader.cancel().catch(() => {});
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let { done, value } = await reader.read(); !done && value; { done, value } = await reader.read()) {
      bytes += value.byteLength;
      if (bytes > limit) throw tooLarge(limit);
      chunks.push(value);
      upload.hold(value.byteLength);
    }
  } finally {
    upload.end();
  }
  if (tooSlow)
    throw new ProblemError('unavailable', { detail: 'too many bodies are being received; this one was slow' });
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The body as text, at most `limit` bytes. With a Content-Length, which the HTTP parser enforces, a body that is too large is
 * refused before it is read.
 */
async function textBody(c: Context, limit: number): Promise<string> {
  const length = c.req.header('content-length');
  if (length !== undefined && !(Number(length) <= limit)) throw tooLarge(limit);
  return Number(length) <= SMALL_BODY_BYTES ? c.req.text() : streamedText(c.req.raw, limit);
}

/** Parses the body as JSON of at most `limit` bytes, without validation. @throws ProblemError 400, 413, 503 */
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

/** Reads, parses and validates a JSON body of at most `limit` bytes. @throws ProblemError with every fault */
export async function readJsonBody<T>(c: Context, schema: z.ZodType<T>, limit = MAX_BODY_BYTES): Promise<T> {
  const type = c.req.header('content-type') ?? '';
  if (!JSON_TYPE.test(type)) {
    const detail = type
      ? `must be application/json, not ${type.slice(0, 100)}`
      : 'is missing; must be application/json';
    throw new ProblemError('unsupported-media-type', { errors: [{ field: 'Content-Type', detail }] });
  }
  const result = schema.safeParse(await parseBody(c, limit));
  if (!result.success) throw invalidRequest(allFaultsOf(result.error));
  return result.data;
}

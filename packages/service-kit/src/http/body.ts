import type { Context } from 'hono';
import type { z } from 'zod';
import { identifiedCaller } from '../auth/caller.ts';
import { createPlaces } from './places.ts';
import { allFaultsOf, invalidRequest, ProblemError } from './problem.ts';
import { Transfers } from './transfers.ts';

/** The largest body that any operation accepts, in bytes. Operations with a smaller schema have a smaller limit. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Bodies up to this size are not counted: at most this much for each of the 4,096 connections that the server accepts. */
const SMALL_BODY_BYTES = 16 * 1024;
const uploads = new Transfers(16 * 1024 * 1024);
/** Maximum of larger bodies that one caller sends at the same time. The largest valid order is not counted. */
const MAX_UPLOADS_PER_CALLER = 50;
const places = createPlaces({ max: Number.POSITIVE_INFINITY, maxPerCaller: MAX_UPLOADS_PER_CALLER });

const tooLarge = (limit: number): ProblemError =>
  new ProblemError('content-too-large', { errors: [{ field: 'body', detail: `must have at most ${limit} bytes` }] });

const tooMany = (detail: string): ProblemError => new ProblemError('unavailable', { detail });

/** Takes a place of this caller, and returns the function that frees it. @throws ProblemError 503 */
function takePlace(c: Context): () => void {
  const caller = identifiedCaller(c);
  if (caller === undefined) return () => {};
  const free = places.take(caller.client);
  if (typeof free === 'string') throw tooMany('this caller is sending too many large bodies at the same time');
  return free;
}

/** Reads and counts a body of this length, which is large or unknown. Refuses a large one of a caller without a place unread. */
async function countedText(c: Context, limit: number, length: number | undefined): Promise<string> {
  let free = length === undefined ? undefined : takePlace(c);
  const { body } = c.req.raw;
  if (body === null) {
    free?.();
    return '';
  }
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
      if (bytes > SMALL_BODY_BYTES) free ??= takePlace(c);
      chunks.push(value);
      upload.hold(value.byteLength);
    }
  } finally {
    upload.end();
    free?.();
  }
  if (tooSlow) throw tooMany('too many bodies are being received; this one was slow');
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The body as text, at most `limit` bytes. With a Content-Length, which the HTTP parser enforces, a body that is too large is
 * refused before it is read.
 */
async function textBody(c: Context, limit: number): Promise<string> {
  const header = c.req.header('content-length');
  const length = header === undefined ? undefined : Number(header);
  if (length !== undefined && !(length <= limit)) throw tooLarge(limit);
  return length !== undefined && length <= SMALL_BODY_BYTES ? c.req.text() : countedText(c, limit, length);
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

import type { FieldFault, Problem, ProblemKind } from '@standing-order/contracts';
import type { Context, Hono } from 'hono';
import type { z } from 'zod';

export interface Readiness {
  readonly ready: boolean;
  /** Why not; empty when ready. */
  readonly reasons: readonly string[];
}

export interface AppOptions {
  /** Asked by GET /readyz: 200 when ready, 503 with the reasons when not. */
  readiness(): Readiness;
  /** APP_API_TOKEN: what /messages/* demands in the header dapr-api-token. */
  readonly appToken?: string | undefined;
  /** How long a request may take before it is answered 503, in milliseconds. Default 30,000. */
  readonly deadlineMs?: number;
}

/** Hono with everything that is the same in every service: problems, /healthz, /readyz, /metrics, spans, metrics, limits. */
export declare function createApp(options: AppOptions): Hono;

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldFault[];
  /** Seconds; becomes Retry-After. */
  readonly retryAfter?: number;
  /** Becomes Location: where the truth will be. */
  readonly location?: string;
}

/** Thrown in a handler, it is answered as problem+json. */
export declare class ProblemError extends Error {
  readonly kind: ProblemKind;
  readonly details: ProblemDetails;
  constructor(kind: ProblemKind, details?: ProblemDetails);
}

/** A Response of type application/problem+json. */
export declare function problemResponse(kind: ProblemKind, details?: ProblemDetails): Response;

/** The body of a problem. */
export declare function problemOf(kind: ProblemKind, details?: ProblemDetails): Problem;

/** Reads, limits (256 KiB), parses and validates a JSON body. Throws the right ProblemError. */
export declare function jsonBody<T>(c: Context, schema: z.ZodType<T>): Promise<T>;

/** Parses a path parameter. Throws not-found when it cannot be the id of anything. */
export declare function pathParam(c: Context, name: string, schema: z.ZodType<string>): string;

/** The Idempotency-Key, if there is one. Throws when it is not 1 to 255 visible ASCII characters. */
export declare function idempotencyKeyOf(c: Context): string | undefined;

/** The ETag in If-Match, without quotes. Throws 428 without the header and 422 for a list, * or a weak tag. */
export declare function ifMatch(c: Context): string;

/** The value of an ETag header for a stored version. */
export declare function etagHeader(etag: string): string;

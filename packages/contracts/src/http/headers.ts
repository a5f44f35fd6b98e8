import { z } from 'zod';
import { idempotencyKey } from '../order.ts';
import type { ProblemKind } from '../problem.ts';
import type { HeaderName, Parameter } from './operation.ts';

/** Descriptions of the response headers. */
export const RESPONSE_HEADERS: Readonly<
  Record<HeaderName, { description: string; schema: z.ZodType; example: string }>
> = {
  Allow: { description: 'The methods that the resource supports.', schema: z.string(), example: 'GET, PATCH' },
  ETag: { description: 'The version of the resource.', schema: z.string(), example: '"3"' },
  Link: {
    description: 'The next page (RFC 8288).',
    schema: z.string(),
    example: '</consumers/ada/orders?before=41&limit=20>; rel="next"',
  },
  Location: {
    description: 'The resource. If the outcome is unknown: the resource to read for the outcome.',
    schema: z.string(),
    example: '/orders/018f3c9e-7b1a-7c3d-8e4f-0123456789ab',
  },
  'Preference-Applied': {
    description: 'The preferences that were applied (RFC 7240).',
    schema: z.string(),
    example: 'wait=5',
  },
  'Retry-After': { description: 'Seconds after which the request can be repeated.', schema: z.string(), example: '2' },
  'WWW-Authenticate': {
    description: 'The authentication scheme, and the fault of the token (RFC 6750).',
    schema: z.string(),
    example: 'Bearer realm="standing-order", error="invalid_token", error_description="the token has expired"',
  },
};

/** The response headers of each kind of problem. */
export const PROBLEM_HEADERS: Readonly<Partial<Record<ProblemKind, readonly HeaderName[]>>> = {
  unauthorized: ['WWW-Authenticate'],
  forbidden: ['WWW-Authenticate'],
  'method-not-allowed': ['Allow'],
  'already-exists': ['Location'],
  unavailable: ['Retry-After'],
  'outcome-unknown': ['Retry-After', 'Location'],
};

/** Header Idempotency-Key. */
export const idempotencyKeyHeader: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes retries safe: requests of one client with equal keys create one order, as long as that order is kept (30 days after its ' +
    'decision by default). An equal key with another body is refused.',
  schema: idempotencyKey,
  example: 'basket-7',
};

/** Header Prefer. */
export const preferHeader: Parameter = {
  name: 'Prefer',
  in: 'header',
  description:
    'RFC 7240. `wait=n`: respond when the order is decided, or after n seconds (at most 60). `respond-async`: respond at once. ' +
    'Where too many requests wait, of this caller or of all, a request is answered at once, without Preference-Applied. ' +
    'Unknown and malformed preferences are ignored.',
  schema: z.string(),
  example: 'wait=5',
};

/** Header If-None-Match. */
export const ifNoneMatchHeader: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'An ETag from an earlier response. If it is current, the response is 304 without a body.',
  schema: z.string(),
  example: '"Wp3PzXAZ7n9LQqYhXoxOCg"',
};

/** Header If-Match. */
export const ifMatchHeader: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description:
    'The ETag of the version that was read, a list of ETags, or `*`. The change is made only if one of them is current.',
  schema: z.string(),
  example: '"3"',
};

import { z } from 'zod';
import { idempotencyKey } from '../order.ts';
import type { ProblemKind } from '../problem.ts';
import type { HeaderName, Parameter } from './operation.ts';

/** What the headers of answers mean. */
export const responseHeaders: Readonly<
  Record<HeaderName, { description: string; schema: z.ZodType; example: string }>
> = {
  Allow: { description: 'The methods that the resource has.', schema: z.string(), example: 'GET, PATCH' },
  ETag: { description: 'The version of what is shown.', schema: z.string(), example: '"3"' },
  Link: {
    description: 'Where the next page is (RFC 8288).',
    schema: z.string(),
    example: '</consumers/ada/orders?before=41&limit=20>; rel="next"',
  },
  Location: {
    description: 'Where the resource is, or where it will turn out whether there is one.',
    schema: z.string(),
    example: '/orders/018f3c9e-7b1a-7c3d-8e4f-0123456789ab',
  },
  'Preference-Applied': {
    description: 'What of the header Prefer was followed (RFC 7240).',
    schema: z.string(),
    example: 'wait=5',
  },
  'Retry-After': { description: 'Seconds after which to try again.', schema: z.string(), example: '2' },
  'WWW-Authenticate': {
    description: 'How to authenticate, and what was wrong (RFC 6750).',
    schema: z.string(),
    example: 'Bearer realm="standing-order", error="invalid_token", error_description="the token has expired"',
  },
};

/** Which headers a problem brings. */
export const problemHeaders: Readonly<Partial<Record<ProblemKind, readonly HeaderName[]>>> = {
  unauthorized: ['WWW-Authenticate'],
  forbidden: ['WWW-Authenticate'],
  'method-not-allowed': ['Allow'],
  'already-exists': ['Location'],
  unavailable: ['Retry-After'],
  'outcome-unknown': ['Retry-After', 'Location'],
};

export const idempotencyKeyHeader: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes a retry the same order: equal keys of one client are one order, for ever. The same key with another body is refused.',
  schema: idempotencyKey,
  example: 'basket-7',
};

export const preferHeader: Parameter = {
  name: 'Prefer',
  in: 'header',
  description:
    'RFC 7240. `wait=n`: answer as soon as the order is settled, after n seconds (at most 60) at the latest. ' +
    '`respond-async`: answer at once. What is unknown or malformed is ignored.',
  schema: z.string(),
  example: 'wait=5',
};

export const ifNoneMatchHeader: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'An ETag that was seen before: 304 without a body while it still holds.',
  schema: z.string(),
  example: '"Wp3PzXAZ7n9LQqYhXoxOCg"',
};

export const ifMatchHeader: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'The ETag of the version that was read: the change is made only if it is still the newest.',
  schema: z.string(),
  example: '"3"',
};

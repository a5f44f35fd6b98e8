import { z } from 'zod';
import { reason } from './order.ts';

/** The kinds of problems that services respond with. The list is closed; a name is the end of the type URI. */
export const PROBLEM_KINDS = {
  'malformed-request': { status: 400, title: 'Malformed request' },
  unauthorized: { status: 401, title: 'Authentication required' },
  forbidden: { status: 403, title: 'Forbidden' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'request-timeout': { status: 408, title: 'Request timeout' },
  'already-exists': { status: 409, title: 'Conflict' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'content-too-large': { status: 413, title: 'Content too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'invalid-request': { status: 422, title: 'Invalid request' },
  'order-rejected': { status: 422, title: 'Order rejected' },
  'idempotency-key-reused': { status: 422, title: 'Idempotency key reused' },
  'precondition-required': { status: 428, title: 'Precondition required' },
  'headers-too-large': { status: 431, title: 'Request header fields too large' },
  'internal-error': { status: 500, title: 'Internal server error' },
  unavailable: { status: 503, title: 'Service unavailable' },
  'outcome-unknown': { status: 503, title: 'Outcome unknown' },
} as const;
/** The name of a kind of problem. */
export type ProblemKind = keyof typeof PROBLEM_KINDS;

const PREFIX = 'urn:standing-order:problem:';

/** The `type` member of a problem of this kind. */
export const problemType = (kind: ProblemKind): string => PREFIX + kind;

/** One fault of a request: the field (`lines[2].quantity`, or the name of a header) and its fault. */
export const fieldFault = z.object({
  field: z.string().describe('Path of the field, such as `lines[2].quantity`, or name of the header.'),
  detail: z.string(),
});
export type FieldFault = z.infer<typeof fieldFault>;

/** The body of a problem response (RFC 9457, application/problem+json). */
export const problem = z.object({
  type: z.string().regex(new RegExp(`^${PREFIX}`), `must begin with ${PREFIX}`),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(fieldFault).optional(),
  reasons: z.array(reason).optional().describe('Reasons for which the order is rejected.'),
  dependencies: z.array(z.string()).optional().describe('Services that are unavailable.'),
});
export type Problem = z.infer<typeof problem>;

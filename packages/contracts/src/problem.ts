import { z } from 'zod';
import { reason } from './order.ts';

/** Every kind of problem that a service answers with. Closed; the name is the end of the type URI. */
export const PROBLEM_KINDS = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'The caller is not who it must be' },
  forbidden: { status: 403, title: 'This is not allowed here' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This resource does not support the method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'already-exists': { status: 409, title: 'The resource exists already' },
  'precondition-failed': { status: 412, title: 'The resource has changed since it was read' },
  'content-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is not JSON' },
  'invalid-request': { status: 422, title: 'The request is not valid' },
  'order-rejected': { status: 422, title: 'The order is refused' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'precondition-required': { status: 428, title: 'The request needs an If-Match header' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'The service cannot do this now' },
  'outcome-unknown': { status: 503, title: 'It is not known whether the request took effect' },
} as const;
export type ProblemKind = keyof typeof PROBLEM_KINDS;

const PREFIX = 'urn:standing-order:problem:';

/** The `type` member of a problem of this kind. */
export const problemType = (kind: ProblemKind): string => PREFIX + kind;

/** One fault of a request: which field (`lines[2].quantity`, or a header's name) and what is wrong with it. */
export const fieldFault = z.object({
  field: z.string().describe('`lines[2].quantity`, or the name of a header.'),
  detail: z.string(),
});
export type FieldFault = z.infer<typeof fieldFault>;

/** RFC 9457, application/problem+json. */
export const problem = z.object({
  type: z.string().regex(new RegExp(`^${PREFIX}`), `must begin with ${PREFIX}`),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().optional(),
  instance: z.string().optional(),
  errors: z.array(fieldFault).optional(),
  reasons: z.array(reason).optional().describe('Why an order is refused.'),
  dependencies: z.array(z.string()).optional().describe('Services that could not be asked.'),
});
export type Problem = z.infer<typeof problem>;

import {
  type FieldFault,
  PROBLEM_KINDS,
  type Problem,
  type ProblemKind,
  problemType,
  type Reason,
} from '@standing-order/contracts';
import type { z } from 'zod';

/** The optional members and headers of a problem response. */
export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldFault[];
  /** Reasons for which an order is rejected. */
  readonly reasons?: readonly Reason[];
  /** Services that are unavailable. */
  readonly dependencies?: readonly string[];
  /** Header Retry-After, in seconds. */
  readonly retryAfter?: number;
  /** Header Location: the resource to read for the outcome. */
  readonly location?: string;
  /** Header WWW-Authenticate. */
  readonly challenge?: string;
  /** Header Allow: the methods of the resource. */
  readonly allow?: readonly string[];
}

/** An error that is answered as problem+json when a handler throws it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly kind: ProblemKind;
  readonly details: ProblemDetails;
  constructor(kind: ProblemKind, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEM_KINDS[kind].title);
    this.kind = kind;
    this.details = details;
  }
}

/** The body of a problem. */
export function problemOf(kind: ProblemKind, details: ProblemDetails = {}): Problem {
  const { detail, errors, reasons, dependencies } = details;
  const { status, title } = PROBLEM_KINDS[kind];
  return {
    type: problemType(kind),
    title,
    status,
    ...(detail !== undefined && { detail }),
    ...(errors && { errors: [...errors] }),
    ...(reasons && { reasons: [...reasons] }),
    ...(dependencies && { dependencies: [...dependencies] }),
  };
}

/** A problem as a response. A 503 always has a Retry-After; default 1 s. */
export function problemResponse(kind: ProblemKind, details: ProblemDetails = {}): Response {
  const { status } = PROBLEM_KINDS[kind];
  const retryAfter = details.retryAfter ?? (status === 503 ? 1 : undefined);
  return new Response(JSON.stringify(problemOf(kind, details)), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'retry-after': String(Math.ceil(retryAfter)) }),
      ...(details.location !== undefined && { location: details.location }),
      ...(details.challenge !== undefined && { 'www-authenticate': details.challenge }),
      ...(details.allow && { allow: details.allow.join(', ') }),
    },
  });
}

/** Faults in one response or message. A request with 10,000 faults must not cause a response of a megabyte. */
const MAX_FAULTS = 100;
const MAX_NAME = 200;

/** A path as text: `lines[2].quantity`. */
function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const part of path) {
    name += typeof part === 'number' ? `[${part}]` : name ? `.${String(part)}` : String(part);
  }
  return name.slice(0, MAX_NAME);
}

/** The faults that zod found, one for each issue. A fault of the whole body has the field `body`. */
export function allFaultsOf(error: z.core.$ZodError): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        faults.push({ field: fieldName([...issue.path, key]), detail: 'is not a known field' });
    } else {
      faults.push({ field: fieldName(issue.path) || 'body', detail: issue.message });
    }
  }
  return faults;
}

/** The first 100 faults that zod found, for a message. */
export const faultsOf = (error: z.core.$ZodError): FieldFault[] => allFaultsOf(error).slice(0, MAX_FAULTS);

/** The problem of a request with these faults. */
export const invalidRequest = (faults: readonly FieldFault[]): ProblemError =>
  new ProblemError('invalid-request', {
    errors: faults.slice(0, MAX_FAULTS),
    ...(faults.length > MAX_FAULTS && {
      detail: `${faults.length} faults; the first ${MAX_FAULTS} are listed`,
    }),
  });

import {
  type FieldFault,
  PROBLEM_KINDS,
  type Problem,
  type ProblemKind,
  problemType,
  type Reason,
} from '@standing-order/contracts';
import type { z } from 'zod';

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldFault[];
  /** Why an order is refused. */
  readonly reasons?: readonly Reason[];
  /** Services that could not be asked. */
  readonly dependencies?: readonly string[];
  /** Seconds; becomes Retry-After. */
  readonly retryAfter?: number;
  /** Becomes Location: where the truth will be. */
  readonly location?: string;
  /** How to authenticate; becomes WWW-Authenticate. */
  readonly challenge?: string;
  /** Methods that the resource has; becomes Allow. */
  readonly allow?: readonly string[];
}

/** Thrown in a handler, it is answered as problem+json. */
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

/** A problem as a response. A service that is unavailable always says when to come back. */
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

/** A longer list helps nobody, and a request of 10,000 faults must not make an answer, or a message, of a megabyte. */
const MAX_FAULTS = 100;
const MAX_NAME = 200;

/** A path as people write it: `lines[2].quantity`. */
function fieldName(path: readonly PropertyKey[]): string {
  let name = '';
  for (const part of path) {
    name += typeof part === 'number' ? `[${part}]` : name ? `.${String(part)}` : String(part);
  }
  return name.slice(0, MAX_NAME);
}

/** What zod found, one fault for each field; a body that is wrong as a whole is the field `body`. */
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

/** As many of them as a message carries. */
export const faultsOf = (error: z.core.$ZodError): FieldFault[] => allFaultsOf(error).slice(0, MAX_FAULTS);

/** The problem of a request with these faults. */
export const invalidRequest = (faults: readonly FieldFault[]): ProblemError =>
  new ProblemError('invalid-request', {
    errors: faults.slice(0, MAX_FAULTS),
    ...(faults.length > MAX_FAULTS && {
      detail: `${faults.length} faults, of which the first ${MAX_FAULTS} are listed`,
    }),
  });

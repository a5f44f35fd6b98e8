import type { z } from 'zod';
import type { ProblemKind } from '../problem.ts';
import type { Topic } from '../topics.ts';

/**
 * The callers that an operation accepts. `anyone`: every caller. client: callers with a valid token. admin: callers whose token has
 * the administrator role. sidecar: the order service, through the service's own Dapr sidecar; no other operation may be invoked
 * through a sidecar. Without AUTH_ISSUER, client and admin mean every caller.
 */
export type Access = 'anyone' | 'client' | 'admin' | 'sidecar';

/** The Dapr app id that may invoke the operations with access `sidecar`. */
export const INVOKER = 'order' satisfies Topic['subscriber'];

/** The schema of a body, with an example that it accepts. */
export interface Content {
  /** Name of the schema in the document. Equal names have equal schemas. */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Default application/json. */
  readonly type?: string;
}

/** A parameter of a request. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: z.ZodType;
  readonly example: string | number;
  /** Default: true for a path parameter, false otherwise. */
  readonly required?: boolean;
}

/** Response headers, which http/headers.ts describes. */
export type HeaderName =
  | 'Allow'
  | 'ETag'
  | 'Link'
  | 'Location'
  | 'Preference-Applied'
  | 'Retry-After'
  | 'WWW-Authenticate';

/** A response that is not a problem. */
export interface SuccessResponse {
  readonly description: string;
  readonly headers?: readonly HeaderName[];
  readonly content?: Content;
}

/** The headings of the documents. */
export type Tag = 'Orders' | 'Consumers' | 'Restaurants' | 'Webhooks' | 'Administration' | 'Other services' | 'Service';

/** One operation of an HTTP API. Its route is authorised by `access`, and the OpenAPI document is made from all of it. */
export interface Operation {
  /** The document's operationId. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With its parameters in braces: `/orders/{id}`. */
  readonly path: `/${string}`;
  readonly access: Access;
  /** Heading under which the document lists the operation. Default: that of the API. */
  readonly tag?: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content;
  /** The responses that are not problems, by status. */
  readonly responses: Readonly<Record<number, SuccessResponse>>;
  /** The problems of the operation, beside those that follow from its access, body, path and If-Match. */
  readonly problems?: readonly ProblemKind[];
}

/** The HTTP API of a service. */
export interface Api {
  readonly service: Topic['subscriber'];
  readonly title: string;
  /** Heading of its operations in the document. */
  readonly tag: Tag;
  readonly description: string;
  readonly operations: readonly Operation[];
}

/** The path in the form of a Hono route: `/orders/:id`. */
export const routePattern = ({ path }: Pick<Operation, 'path'>): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** All problems of the operation. */
export function problemsOf({ access, body, path, parameters = [], problems = [] }: Operation): readonly ProblemKind[] {
  const implied: ProblemKind[] = ['internal-error'];
  if (access !== 'anyone') implied.push('unauthorized');
  if (access === 'client' || access === 'admin') implied.push('unavailable');
  if (access === 'admin' || access === 'sidecar') implied.push('forbidden');
  if (path.includes('{')) implied.push('not-found');
  if (body) implied.push('malformed-request', 'content-too-large', 'unsupported-media-type', 'invalid-request');
  const ifMatch = parameters.find(({ name }) => name === 'If-Match');
  // A malformed precondition is an invalid request.
  if (ifMatch) implied.push('precondition-failed', 'invalid-request');
  if (ifMatch?.required) implied.push('precondition-required');
  return [...new Set([...implied, ...problems])];
}

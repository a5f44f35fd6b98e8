import type { z } from 'zod';
import type { ProblemKind } from '../problem.ts';
import type { Topic } from '../topics.ts';

/**
 * Who may call an operation. anyone: whoever reaches the service. client: whoever has a token. admin: whoever's token says
 * so. sidecar: the service's own Dapr sidecar. While AUTH_ISSUER is not set, client and admin are as good as anyone.
 */
export type Access = 'anyone' | 'client' | 'admin' | 'sidecar';

/** What a body holds, and an example that the schema accepts. */
export interface Content {
  /** Its name among the document's schemas. Equal names are equal contents. */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Default application/json. */
  readonly type?: string;
}

/** Something that a request can say beside its body. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: z.ZodType;
  readonly example: string | number;
  /** Those of a path always are. */
  readonly required?: boolean;
}

/** Headers of answers; http/headers.ts says what they mean. */
export type HeaderName =
  | 'Allow'
  | 'ETag'
  | 'Link'
  | 'Location'
  | 'Preference-Applied'
  | 'Retry-After'
  | 'WWW-Authenticate';

/** An answer that is no problem. */
export interface Answer {
  readonly description: string;
  readonly headers?: readonly HeaderName[];
  readonly content?: Content;
}

/** One operation of a service's HTTP API: what its route is guarded by, and what the OpenAPI document says. */
export interface Operation {
  /** The document's operationId. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With its parameters in braces: `/orders/{id}`. */
  readonly path: `/${string}`;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** The problems that it can end in, beside those that follow from its access, its body and its path. */
  readonly problems?: readonly ProblemKind[];
}

/** What a service offers by HTTP. */
export interface Api {
  readonly service: Topic['subscriber'];
  readonly title: string;
  readonly description: string;
  readonly operations: readonly Operation[];
}

/** A path as Hono has it: `/orders/:id`. */
export const routePattern = ({ path }: Pick<Operation, 'path'>): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** Every problem that the operation can end in. */
export function problemsOf({ access, body, path, problems = [] }: Operation): readonly ProblemKind[] {
  const implied: ProblemKind[] = ['internal-error'];
  if (access !== 'anyone') implied.push('unauthorized');
  if (access === 'client' || access === 'admin') implied.push('unavailable');
  if (access === 'admin') implied.push('forbidden');
  if (path.includes('{')) implied.push('not-found');
  if (body) implied.push('malformed-request', 'content-too-large', 'unsupported-media-type', 'invalid-request');
  return [...new Set([...implied, ...problems])];
}

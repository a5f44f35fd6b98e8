import fc from 'fast-check';
import { createBodyCheck, createResponseCheck } from './check-response.ts';
import type { OpenApi, Operation } from './documents.ts';
import { isForSidecar, type KnownIds, requestsOf } from './requests.ts';
import { send } from './send.ts';

/** A service that runs, and its document. */
export interface TestedApi {
  readonly base: string;
  readonly document: OpenApi;
  readonly known: KnownIds;
  /** Headers that the sidecar of the service sends. */
  readonly sidecarHeaders: Readonly<Record<string, string>>;
}

/** An operation with its place in the document. `method` is in upper case; HEAD of each GET is an operation, too. */
export interface TestedOperation {
  readonly operation: Operation;
  readonly template: string;
  readonly method: string;
}

/** Every operation of a document, with HEAD for each GET. */
export const operationsIn = ({ paths }: OpenApi): TestedOperation[] =>
  Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([name, operation]) =>
      (name === 'get' ? ['GET', 'HEAD'] : [name.toUpperCase()]).map((method) => ({ operation, template, method })),
    ),
  );

/** How many requests of each operation, and the seed that they follow from. */
export interface RunOptions {
  readonly seed: number;
  readonly requests: number;
}

const SUCCESS = /^2/;

/** Sends generated requests of one operation. Rejects with the smallest request whose response differs from the document, and its seed. */
export async function checkConformance(
  api: TestedApi,
  tested: TestedOperation,
  { seed, requests }: RunOptions,
): Promise<void> {
  const { base, document, known, sidecarHeaders } = api;
  const { operation } = tested;
  const faultsOf = createResponseCheck(document);
  const isValidBody = createBodyCheck(document, operation);
  const credentials = isForSidecar(operation) ? sidecarHeaders : {};
  const generated = requestsOf({ ...tested, document, known, credentials });
  const property = fc.asyncProperty(generated, async (request) => {
    const response = await send(base, request);
    const faults = faultsOf(operation, request, response);
    if (SUCCESS.test(String(response.status)) && isValidBody(request.body) === false)
      faults.push('it accepts a body that does not match its schema');
    if (faults.length === 0) return;
    const { status, headers, body } = response;
    throw new Error(`${faults.join('; ')}\n${JSON.stringify({ status, headers, body: body.slice(0, 500) }, null, 1)}`);
  });
  await fc.assert(property, { seed, numRuns: requests, interruptAfterTimeLimit: 120_000 });
}

const OTHER_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'];

/** The responses to the methods that a path does not have, unless they are 405 with the methods that it has. */
export async function otherMethods({ base, document, known }: TestedApi, template: string): Promise<string[]> {
  const methods = Object.keys(document.paths[template] ?? {}).map((name) => name.toUpperCase());
  const parts = template.split('/');
  const path = parts
    .map((part, index) => (part.startsWith('{') ? (known[parts[index - 1] ?? '']?.[0] ?? 'x') : part))
    .join('/');
  const others = OTHER_METHODS.filter(
    (method) => !methods.includes(method) && !(method === 'HEAD' && methods.includes('GET')),
  );
  const answers = await Promise.all(
    others.map(async (method) => {
      const { status, headers } = await send(base, { method, path, headers: {}, body: undefined });
      const allowed = (headers.allow ?? '').split(', ');
      const isRight = status === 405 && methods.every((one) => allowed.includes(one)) && !allowed.includes(method);
      return isRight ? [] : [`${method} ${path}: ${status} ${headers.allow ?? ''}`];
    }),
  );
  return answers.flat();
}

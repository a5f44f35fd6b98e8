import type { ValidateFunction } from 'ajv/dist/2020.js';
import { createAjv } from '../json-schema.ts';
import { type Contents, type OpenApi, type Operation, resolve } from './documents.ts';
import type { GeneratedRequest } from './requests.ts';

/** A response as a client has received it. `body` is the beginning of a stream. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const PROBLEM = 'application/problem+json';

/** Statuses with which a request is refused before it reaches its operation, as the description of each document states. */
function isBeforeOperation(status: number, { headers }: GeneratedRequest): boolean {
  if (status === 403) return 'dapr-caller-app-id' in headers || 'dapr-api-token' in headers;
  return [400, 404, 405, 408, 431].includes(status);
}

const mediaTypeOf = (value = ''): string => (value.split(';')[0] ?? '').trim();

/** Returns a function that lists the differences between a response and the document. */
export function createResponseCheck(document: OpenApi) {
  const ajv = createAjv();
  const validators = new Map<string, ValidateFunction>();

  function bodyFaults(contents: Contents, type: string, body: string): string[] {
    const content = contents[type] ?? contents['*/*'];
    if (content === undefined) return [`its content type ${type || 'is missing and'} is not documented`];
    if (!type.endsWith('json')) return [];
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return [`its body is not JSON: ${body.slice(0, 100)}`];
    }
    const schema = resolve(document, content.schema);
    const key = JSON.stringify(schema);
    const validate = validators.get(key) ?? ajv.compile(schema);
    validators.set(key, validate);
    return validate(value) ? [] : [`its body does not match its schema: ${ajv.errorsText(validate.errors)}`];
  }

  function problemFaults({ status, headers, body }: ReceivedResponse): string[] {
    const faults = bodyFaults(
      { [PROBLEM]: { schema: { $ref: '#/components/schemas/Problem' } } },
      mediaTypeOf(headers['content-type']),
      body,
    );
    if (faults.length > 0) return faults;
    const stated = (JSON.parse(body) as { readonly status: number }).status;
    return [
      ...(stated === status ? [] : [`its problem states the status ${stated}`]),
      ...(status === 503 && !headers['retry-after'] ? ['it has no Retry-After'] : []),
    ];
  }

  return function faultsOf(operation: Operation, request: GeneratedRequest, response: ReceivedResponse): string[] {
    const { status, headers, body } = response;
    const documented = operation.responses[status];
    if (status >= 500 && status !== 503) return [`it is a ${status}`];
    if (documented === undefined && !isBeforeOperation(status, request))
      return [`its status ${status} is not documented`];
    if (request.method === 'HEAD' || status === 204 || status === 304) return body === '' ? [] : ['it has a body'];
    if (status >= 400 && !documented?.content?.['application/json']) return problemFaults(response);
    const missing = ['ETag', 'Location'].filter((name) => documented?.headers?.[name] && !headers[name.toLowerCase()]);
    return [
      ...missing.map((name) => `it has no ${name}`),
      ...bodyFaults(documented?.content ?? {}, mediaTypeOf(headers['content-type']), body),
    ];
  };
}

/** Whether a body matches the schema of the operation; undefined when it has none. */
export function createBodyCheck(
  document: OpenApi,
  { requestBody }: Operation,
): (body: string | undefined) => boolean | undefined {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return () => undefined;
  const validate = createAjv().compile(resolve(document, schema));
  return (body) => {
    try {
      return validate(JSON.parse(body ?? ''));
    } catch {
      return false;
    }
  };
}

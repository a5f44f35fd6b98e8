import fc from 'fast-check';
import { type OpenApi, type Operation, type Parameter, resolve } from './documents.ts';
import { mutationsOf, valuesOf } from './schema-values.ts';

/** A generated request. */
export interface GeneratedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Values of parameters that lead to something that exists, by the name of the path's first segment. */
export type KnownIds = Readonly<Record<string, readonly string[]>>;

const ETAGS = ['*', '"1"', 'W/"1"', '"1", "2"', '""', '"', '1', '"1" "2"', ''];

/** Usual, odd and invalid values of headers that services read, or that clients and proxies send. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  accept: ['*/*', 'text/html', 'application/json;q=0', 'nonsense', ''],
  'accept-encoding': ['gzip', 'identity;q=0', '*;q=0'],
  authorization: ['Bearer x', 'Basic eDp5', 'Bearer', ''],
  'content-type': ['application/json; charset=utf-8', 'application/merge-patch+json', 'text/plain', 'nonsense', ''],
  'content-encoding': ['gzip', 'identity'],
  cookie: ['a=b; __proto__=c'],
  'dapr-caller-app-id': ['order', 'mallory'],
  'dapr-api-token': ['guessed'],
  'idempotency-key': ['basket-1', 'a b', '', 'k'.repeat(255), 'k'.repeat(256), '\u00e4'],
  'if-match': ETAGS,
  'if-modified-since': ['Sat, 28 Nov 2026 00:00:00 GMT', 'yesterday'],
  'if-none-match': ETAGS,
  'last-event-id': ['0', '1', '99999999', '-1', '1e3', '', 'nonsense', '\u00e4'],
  'order-style': ['respond-first', 'synchronous', 'replication', 'messaging', ''],
  origin: ['null', 'https://shop.example'],
  prefer: ['wait=0', 'wait=1', 'respond-async', 'respond-async, wait=1', 'wait=-1', 'wait="', ';;,,', ''],
  range: ['bytes=0-1', 'bytes=9-1', 'orders=0-1', ''],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'nonsense'],
  tracestate: ['a=b', '=,='],
  'x-forwarded-for': ['127.0.0.1'],
  'x-http-method-override': ['DELETE'],
};

const headers: fc.Arbitrary<Record<string, string>> = fc
  .uniqueArray(
    fc
      .constantFrom(...Object.entries(HEADERS))
      .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values))),
    { selector: ([name]) => name, maxLength: 3 },
  )
  .map(Object.fromEntries);

const ODD_SEGMENTS = ['x', '0', 'a b', 'a||b', '../x', '%', '%00', '\u00e4', '__proto__', 'null', 'x'.repeat(300)];

function pathOf(template: string, parameters: readonly Parameter[], known: KnownIds): fc.Arbitrary<string> {
  const parts = template.split('/').map((part, index, all) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return fc.constant(part);
    const schema = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name)?.schema ?? {};
    const ids = known[all[index - 1] ?? ''] ?? ['x'];
    const segments = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...ids) },
      { weight: 2, arbitrary: valuesOf(schema).map(String) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_SEGMENTS) },
    );
    return segments.map((segment) => encodeURIComponent(segment));
  });
  return fc.tuple(...parts).map((all) => all.join('/'));
}

const ODD_QUERIES = ['', '0', '-1', '1e3', 'ten', '99999999999999999999', '1.5', '\u0000', '%'];

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const values = known.map(({ name, schema }) =>
    fc.option(
      fc.oneof(valuesOf(schema).map(String), fc.constantFrom(...ODD_QUERIES)).map((value) => [name, value] as const),
    ),
  );
  const unknown = fc.option(fc.constant(['unknown', '1'] as const), { freq: 5 });
  return fc.tuple(...values, unknown).map((all) => {
    const query = new URLSearchParams(
      all.filter((one) => one !== null).map(([name, value]): [string, string] => [name, value]),
    );
    return query.size > 0 ? `?${query}` : '';
  });
}

/** Texts that are not JSON of a client. */
const ODD_BODIES = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '\u0000',
  '{"__proto__":{}}',
  '[',
  '['.repeat(5_000) + ']'.repeat(5_000),
  '1e999',
  'x'.repeat(300 * 1024),
  `{"id":"${'x'.repeat(40 * 1024)}"}`,
];

function bodyOf(document: OpenApi, { requestBody }: Operation): fc.Arbitrary<string | undefined> {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return fc.option(fc.constantFrom('{}', 'text'), { nil: undefined, freq: 5 });
  const valid = valuesOf(resolve(document, schema));
  return fc.oneof(
    { weight: 4, arbitrary: valid.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: mutationsOf(valid).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.option(fc.constantFrom(...ODD_BODIES), { nil: undefined }) },
  );
}

/** Whether the operation is for the sidecar of the service, as its security states. */
export const isForSidecar = ({ security }: Operation): boolean => security.some((one) => 'sidecar' in one);

/** How the requests of an operation are made. */
export interface RequestOptions {
  readonly document: OpenApi;
  readonly operation: Operation;
  readonly template: string;
  readonly method: string;
  readonly known: KnownIds;
  /** Headers that the operation needs, unless a generated one replaces them. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** Requests of an operation: valid ones, and such with faults in the path, the query, the headers or the body. */
export function requestsOf(options: RequestOptions): fc.Arbitrary<GeneratedRequest> {
  const { document, operation, template, method, known, credentials } = options;
  const parameters = operation.parameters ?? [];
  const own = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name.toLowerCase());
  const ownHeaders = fc.tuple(
    ...own.map((name) =>
      fc.option(fc.tuple(fc.constant(name), fc.constantFrom(...(HEADERS[name] ?? ['x']))), { freq: 3 }),
    ),
  );
  return fc
    .record({
      path: pathOf(template, parameters, known),
      query: queryOf(parameters),
      own: ownHeaders.map((all) => Object.fromEntries(all.filter((one) => one !== null))),
      headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
      body: bodyOf(document, operation),
    })
    .map((parts) => ({
      method,
      path: `${parts.path}${parts.query}`,
      headers: {
        ...(parts.body !== undefined && { 'content-type': 'application/json' }),
        ...credentials,
        ...parts.own,
        ...parts.headers,
      },
      body: parts.body,
    }));
}

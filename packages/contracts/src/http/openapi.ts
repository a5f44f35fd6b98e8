import { type JsonSchema, jsonSchemaOf } from '../json-schema.ts';
import { PROBLEM_KINDS, type ProblemKind, problem, problemType } from '../problem.ts';
import { COMMON_OPERATIONS } from './common-operations.ts';
import { PROBLEM_HEADERS, RESPONSE_HEADERS } from './headers.ts';
import type { Api, Content, HeaderName, Operation, Parameter, SuccessResponse, Tag } from './operation.ts';
import { INVOKER, problemsOf } from './operation.ts';

/** Version of the contracts, HTTP and messages alike. */
export const CONTRACT_VERSION = '0.1.0';

const COMMON_DESCRIPTION =
  'Every error is an `application/problem+json` (RFC 9457). A request can be refused with 400, 404, 405, 408 or 431 before it ' +
  'reaches an operation. A request that another Dapr application invokes through its sidecar is refused with 403, but for the ' +
  "order service's calls of the operations with the security scheme `sidecar`.";

const TAG_DESCRIPTIONS: Partial<Record<Tag, { readonly description: string }>> = {
  Administration: { description: 'For operators' },
  'Other services': { description: 'Called by the order service, through the sidecars' },
  Service: { description: 'Health, metrics and documents' },
};

/** How a document is made. */
export interface OpenApiOptions {
  /** Whether bearer tokens are required. */
  readonly auth: boolean;
}

/** All operations of a service: its own, and those of every service. */
export const operationsOf = (api: Api): readonly Operation[] => [...api.operations, ...COMMON_OPERATIONS];

/** The OpenAPI 3.1 document of a service, from the schemas that its code validates with. */
export function openApiOf(api: Api, { auth }: OpenApiOptions): object {
  const operations = operationsOf(api);
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationOf(operation, api, auth) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: api.title,
      version: CONTRACT_VERSION,
      description: `${api.description}\n\n${COMMON_DESCRIPTION}`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tagsOf(api),
    paths,
    components: {
      schemas: schemasOf(operations),
      headers: mapValues(RESPONSE_HEADERS, ({ schema, ...header }) => ({
        ...header,
        schema: jsonSchemaOf(schema, 'written'),
      })),
      examples: mapValues(PROBLEM_KINDS, ({ title }, kind) => ({ summary: title, value: problemExample(kind) })),
      securitySchemes: {
        ...(auth && { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }),
        sidecar: {
          type: 'apiKey',
          in: 'header',
          name: 'dapr-api-token',
          description:
            "The application's token (APP_API_TOKEN). Its own sidecar adds it to every request that it forwards, also to those of " +
            'other applications. So the operation also requires that the header dapr-caller-app-id, which the sidecar of the ' +
            `caller sets, is \`${INVOKER}\`.`,
        },
      },
    },
  };
}

/** The headings in the order of their first operations. */
const tagsOf = (api: Api): object[] =>
  [...new Set(operationsOf(api).map(({ tag = api.tag }) => tag))].map((name) => ({ name, ...TAG_DESCRIPTIONS[name] }));

const mapValues = <K extends string, V>(record: Readonly<Record<K, V>>, to: (value: V, key: K) => object) =>
  Object.fromEntries((Object.entries(record) as [K, V][]).map(([key, value]) => [key, to(value, key)]));

function operationOf(operation: Operation, api: Api, auth: boolean): object {
  const { id, access, tag = api.tag, summary, description, parameters, body, responses } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    security: securityOf(access, auth),
    ...(parameters && { parameters: parameters.map(parameterOf) }),
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...mapValues(responses as Record<string, SuccessResponse>, responseOf),
      ...problemResponses(problemsOf(operation), responses),
    },
  };
}

function securityOf(access: Operation['access'], auth: boolean): object[] {
  if (access === 'sidecar') return [{ sidecar: [] }];
  return auth && access !== 'anyone' ? [{ bearer: [] }] : [];
}

function parameterOf({ name, in: place, description, schema, example, required }: Parameter): object {
  return {
    name,
    in: place,
    required: required ?? place === 'path',
    description,
    schema: jsonSchemaOf(schema, 'read'),
    example,
  };
}

const contentOf = ({ name, type = 'application/json', example }: Content): object => ({
  [type]: { schema: { $ref: `#/components/schemas/${name}` }, example },
});

const responseOf = ({ description, headers = [], content }: SuccessResponse): object => ({
  description,
  ...(headers.length > 0 && { headers: headersOf(headers) }),
  ...(content && { content: contentOf(content) }),
});

const headersOf = (names: readonly HeaderName[]): object =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** One response for each status, with an example for each of its kinds of problems. */
function problemResponses(kinds: readonly ProblemKind[], responses: Operation['responses']): Record<string, object> {
  const byStatus = Object.entries(Object.groupBy(kinds, (kind) => PROBLEM_KINDS[kind].status));
  return Object.fromEntries(
    byStatus
      .filter(([status]) => !(Number(status) in responses))
      .map(([status, some = []]) => {
        const headers = [...new Set(some.flatMap((kind) => PROBLEM_HEADERS[kind] ?? []))];
        const examples = Object.fromEntries(some.map((kind) => [kind, { $ref: `#/components/examples/${kind}` }]));
        const response = {
          description: some.map((kind) => PROBLEM_KINDS[kind].title).join(', or: '),
          ...(headers.length > 0 && { headers: headersOf(headers) }),
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples } },
        };
        return [status, response];
      }),
  );
}

const problemExample = (kind: ProblemKind): object => ({
  type: problemType(kind),
  ...PROBLEM_KINDS[kind],
  ...(kind === 'invalid-request' && { errors: [{ field: 'lines[0].quantity', detail: 'Too small: expected >=1' }] }),
  ...(kind === 'order-rejected' && { reasons: [{ code: 'RESTAURANT_CLOSED', detail: 'trattoria is closed' }] }),
});

function schemasOf(operations: readonly Operation[]): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = { Problem: jsonSchemaOf(problem, 'written') };
  for (const { body, responses } of operations) {
    if (body) schemas[body.name] = jsonSchemaOf(body.schema, 'read');
    for (const { content } of Object.values(responses)) {
      if (content) schemas[content.name] = jsonSchemaOf(content.schema, 'written');
    }
  }
  return schemas;
}

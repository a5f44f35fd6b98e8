import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { APIS } from '../../compatibility/apis.ts';
import { PROBLEM_KINDS, problem } from '../problem.ts';
import { openApiOf, operationsOf } from './openapi.ts';
import { type Content, type Operation, problemsOf } from './operation.ts';

const each = Object.entries(APIS);
const named = each.flatMap(([service, api]) =>
  operationsOf(api).map((operation) => [`${service} ${operation.id}`, operation] as const),
);

interface OpenApiDocument {
  readonly paths: Record<string, Record<string, { readonly security: object[]; readonly responses: object }>>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly examples: Record<string, { readonly value: object }>;
  };
}
const documentOf = (api: (typeof each)[number][1], auth = true) => openApiOf(api, { auth }) as OpenApiDocument;

test.each(each)('the document of %s is OpenAPI 3.1, and every reference in it resolves', async (_, api) => {
  const validator = new Validator();
  const document = structuredClone(documentOf(api));
  const { valid, errors } = await validator.validate(document as never);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
  expect(() => validator.resolveRefs()).not.toThrow();
});

test('the validator finds a fault', async () => {
  const document = structuredClone(documentOf(APIS.order as never)) as never as { paths: Record<string, unknown> };
  document.paths['/orders'] = { post: { responses: { 200: {} } } };
  expect((await new Validator().validate(document as never)).valid).toBe(false);
});

const contentsOf = ({ body, responses }: Operation): readonly Content[] => [
  ...(body ? [body] : []),
  ...Object.values(responses).flatMap(({ content }) => content ?? []),
];

test.each(named)('%s: the code and the document accept its examples', (name, operation) => {
  const ajv = addFormats.default(new Ajv2020.default({ allErrors: true }));
  const { schemas, examples } = documentOf(APIS[name.split(' ')[0] ?? ''] as never).components;
  for (const { name: content, schema, example } of contentsOf(operation)) {
    expect(schema.parse(example)).toEqual(example);
    ajv.validate(schemas[content] as object, example);
    expect(ajv.errors).toBeNull();
  }
  for (const { schema, example } of operation.parameters ?? []) expect(schema.parse(example)).toEqual(example);
  for (const kind of problemsOf(operation)) {
    expect(problem.parse(examples[kind]?.value)).toEqual(examples[kind]?.value);
    ajv.validate(schemas.Problem as object, examples[kind]?.value);
    expect(ajv.errors).toBeNull();
  }
});

test.each(named)('%s: its path parameters are those of its path', (_, { path, parameters = [] }) => {
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => `{${parameter.name}}`);
  expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
});

test.each(each)('%s: a name has one schema, and an id one operation', (_, api) => {
  const operations = operationsOf(api);
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  const schemas = new Map<string, unknown>();
  for (const { name, schema } of operations.flatMap(contentsOf)) {
    expect(schemas.get(name) ?? schema).toBe(schema);
    schemas.set(name, schema);
  }
});

test('every kind of problem has an example, and the document lists only the required credentials', () => {
  const open = documentOf(APIS.order as never, false);
  expect(Object.keys(open.components.examples)).toEqual(Object.keys(PROBLEM_KINDS));
  expect(open.paths['/orders']?.post?.security).toEqual([]);
  expect(documentOf(APIS.order as never).paths['/orders']?.post?.security).toEqual([{ bearer: [] }]);
  expect(documentOf(APIS.consumer as never, false).paths['/validations']?.post?.security).toEqual([{ sidecar: [] }]);
});

import type { JsonSchema } from '../src/json-schema.ts';
import { type Reader, schemaBreaks } from './compare-schemas.ts';

interface Content {
  readonly [type: string]: { readonly schema: { readonly $ref: string } };
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}
interface Operation {
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly headers?: Readonly<Record<string, object>>; readonly content?: Content }>
  >;
}

/** The compared parts of an OpenAPI document. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** The compared parts of an AsyncAPI document. */
export interface AsyncApi {
  readonly operations: Readonly<
    Record<string, { readonly action: 'send' | 'receive'; readonly messages: readonly { readonly $ref: string }[] }>
  >;
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: JsonSchema; readonly 'x-entry-types'?: readonly string[] }>
    >;
  };
}

/** The changes of a new OpenAPI document that break clients of the old one, one sentence each. Pure. */
export function openApiBreaks(before: OpenApi, after: OpenApi): string[] {
  const schemas = [before.components.schemas, after.components.schemas] as const;
  return Object.entries(before.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      return now ? operationBreaks(operation, now, schemas).map((one) => `${name}: ${one}`) : [`${name}: was removed`];
    }),
  );
}

type Schemas = readonly [OpenApi['components']['schemas'], OpenApi['components']['schemas']];

function operationBreaks(before: Operation, after: Operation, schemas: Schemas): string[] {
  const body = [before.requestBody?.content, after.requestBody?.content] as const;
  return [
    ...(before.security.length === 0 && after.security.length > 0 ? ['requires a token'] : []),
    ...parameterBreaks(before.parameters ?? [], after.parameters ?? []),
    ...(!body[0] && body[1] ? ['requires a body'] : contentBreaks(body[0], body[1], schemas, 'ours', 'body')),
    ...responseBreaks(before, after, schemas),
  ];
}

function parameterBreaks(before: readonly Parameter[], after: readonly Parameter[]): string[] {
  const find = (list: readonly Parameter[], { name, in: place }: Parameter) =>
    list.find((one) => one.name === name && one.in === place);
  return [
    ...before.flatMap((parameter) => {
      const now = find(after, parameter);
      if (!now) return [`${parameter.name}: was removed`];
      const required = now.required && !parameter.required ? [`${parameter.name}: is required`] : [];
      return [...required, ...schemaBreaks(parameter.schema, now.schema, 'ours', parameter.name)];
    }),
    ...after.filter((one) => one.required && !find(before, one)).map(({ name }) => `${name}: is required`),
  ];
}

/** A 304 is no new success: only a request with If-None-Match gets it, and its client expects it. */
const isSuccess = (status: string): boolean => Number(status) < 400 && status !== '304';

function responseBreaks(before: Operation, after: Operation, schemas: Schemas): string[] {
  const fresh = Object.keys(after.responses).filter((status) => isSuccess(status) && !before.responses[status]);
  return [
    ...fresh.map((status) => `responds ${status}, which clients do not expect`),
    ...Object.entries(before.responses).flatMap(([status, response]) => {
      const now = after.responses[status];
      if (!now) return [];
      const removed = Object.keys(response.headers ?? {}).filter((header) => !now.headers?.[header]);
      return [
        ...removed.map((header) => `${status}: the header ${header} was removed`),
        ...contentBreaks(response.content, now.content, schemas, 'theirs', status),
      ];
    }),
  ];
}

function contentBreaks(
  before: Content | undefined,
  after: Content | undefined,
  schemas: Schemas,
  reader: Reader,
  at: string,
): string[] {
  return Object.entries(before ?? {}).flatMap(([type, { schema }]) => {
    const now = after?.[type];
    if (!now) return [`${at}: is no longer ${type}`];
    const [old, fresh] = [named(schema.$ref, schemas[0]), named(now.schema.$ref, schemas[1])];
    return schemaBreaks(old, fresh, reader, at);
  });
}

function named(reference: string, schemas: OpenApi['components']['schemas']): JsonSchema {
  const schema = schemas[reference.slice('#/components/schemas/'.length)];
  if (!schema) throw new Error(`the document does not contain ${reference}`);
  return schema;
}

/**
 * The changes of a new AsyncAPI document that break services of the old version, one sentence each. A new message type on an
 * existing channel is a break, since its receivers do not support it. A batch of messages that they support is none: its sender
 * repeats each entry alone (ADR 0079). Pure.
 */
export function asyncApiBreaks(before: AsyncApi, after: AsyncApi): string[] {
  return Object.entries(before.operations).flatMap(([name, { action, messages }]) => {
    const now = after.operations[name];
    if (!now) return [`${name}: was removed`];
    const [old, fresh] = [messages.map(typeOf), now.messages.map(typeOf)];
    return [
      ...old.filter((type) => !fresh.includes(type)).map((type) => `${name}: ${type} was removed`),
      ...(action === 'send' ? fresh.filter((type) => !old.includes(type) && !isBatchOf(after, type, old)) : []).map(
        (type) => `${name}: ${type} is new to the receivers`,
      ),
      ...old
        .filter((type) => fresh.includes(type))
        .flatMap((type) => {
          const [was, is] = [before.components.messages[type]?.payload, after.components.messages[type]?.payload];
          return was && is ? schemaBreaks(was, is, action === 'send' ? 'theirs' : 'ours', `${name} ${type}`) : [];
        }),
    ];
  });
}

/** Whether this type is a batch message in which each entry is of a type that receivers support. */
function isBatchOf({ components }: AsyncApi, type: string, supported: readonly string[]): boolean {
  const entries = components.messages[type]?.['x-entry-types'] ?? [];
  return entries.length > 0 && entries.every((entry) => supported.includes(entry));
}

const typeOf = ({ $ref }: { readonly $ref: string }): string => $ref.slice($ref.lastIndexOf('/') + 1);

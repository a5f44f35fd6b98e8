import { isDeepStrictEqual } from 'node:util';
import { consumerId, entityId } from '../src/ids.ts';
import { type JsonSchema, jsonSchemaOf } from '../src/json-schema.ts';
import { webhookEventId } from '../src/webhooks.ts';

/** The reader of the described data. ours: this service reads it. theirs: its clients or receivers read it. */
export type Reader = 'ours' | 'theirs';

/** Two schemas of the same place: every value that `inner` allows, `outer` must allow. */
interface Pair {
  readonly inner: JsonSchema;
  readonly outer: JsonSchema;
  readonly at: string;
  readonly reader: Reader;
}

/**
 * The changes of a new schema that break users of the old one, one sentence each. The new schema must accept data that clients send
 * by the old one. Data that the service sends by the new schema must match the old one. Fields may be added if they are optional in
 * requests. Pure. Supports the part of JSON JsonSchema that zod writes; a change of any other keyword counts as a break.
 */
export function schemaBreaks(before: JsonSchema, after: JsonSchema, reader: Reader, at: string): string[] {
  return reader === 'ours'
    ? outside({ inner: before, outer: after, at, reader })
    : outside({ inner: after, outer: before, at, reader });
}

function outside(pair: Pair): string[] {
  const { inner, outer, at } = pair;
  if (isDeepStrictEqual(inner, outer) || isDeepStrictEqual(stripAnnotations(outer), {})) return [];
  const branches = branchesOf(inner);
  if (branches) return branches.flatMap((branch) => outside({ ...pair, inner: branch }));
  const choices = branchesOf(outer);
  if (choices) {
    const tried = choices.map((choice) => outside({ ...pair, outer: choice }));
    return tried.some((breaks) => breaks.length === 0) ? [] : [`${at}: matches none of the allowed forms`];
  }
  return [values(pair), types(pair), bounds(pair), unorderedKeywords(pair), fields(pair), items(pair)].flat();
}

const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default', '$id']);

/** Without annotations, which are for people. */
const stripAnnotations = (schema: JsonSchema): object =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key)));

const branchesOf = (schema: JsonSchema): JsonSchema[] | undefined =>
  (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;

const valuesOf = ({ enum: list, const: one }: JsonSchema): unknown[] | undefined =>
  list ?? (one === undefined ? undefined : [one]);

function values({ inner, outer, at }: Pair): string[] {
  const allowed = valuesOf(outer);
  if (!allowed) return [];
  const possible = valuesOf(inner);
  if (!possible) return [`${at}: is no longer one of a list`];
  return possible.filter((value) => !allowed.includes(value)).map((value) => `${at}: can be ${JSON.stringify(value)}`);
}

function typesOf({ type, ...schema }: JsonSchema): string[] | undefined {
  if (type !== undefined) return [type].flat();
  return valuesOf(schema)?.map((value) => (value === null ? 'null' : typeof value));
}

function types({ inner, outer, at }: Pair): string[] {
  const allowed = typesOf(outer);
  if (!allowed) return [];
  const fits = (type: string) => allowed.includes(type) || (type === 'integer' && allowed.includes('number'));
  const possible = typesOf(inner);
  if (!possible) return [`${at}: can be of any type`];
  return possible.filter((type) => !fits(type)).map((type) => `${at}: can be of type ${type}`);
}

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const;
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const;

function bounds({ inner, outer, at }: Pair): string[] {
  if (valuesOf(inner)) return [];
  const beyond = (keys: readonly string[], isBeyond: (possible: number, allowed: number) => boolean) =>
    keys.flatMap((key) => {
      const [possible, allowed] = [inner[key], outer[key]];
      if (typeof allowed !== 'number') return [];
      const within = typeof possible === 'number' && !isBeyond(possible, allowed);
      return within ? [] : [`${at}: ${key} is ${allowed} on one side and ${possible ?? 'nothing'} on the other`];
    });
  return [
    ...beyond(LOWER, (possible, allowed) => possible < allowed),
    ...beyond(UPPER, (possible, allowed) => possible > allowed),
  ];
}

/** Keywords whose values cannot be ordered by how much they allow. */
const UNORDERED = [
  'pattern',
  'format',
  'not',
  'allOf',
  'propertyNames',
  'multipleOf',
  'contains',
  'prefixItems',
] as const;

const patternOf = (schema: Parameters<typeof jsonSchemaOf>[0]) => jsonSchemaOf(schema, 'read').pattern;

/**
 * Patterns that were widened on purpose: the old one and the new one, which allows every value of the old one. For ids of consumers,
 * responses match the old one until an administrator creates a consumer with an id of the new form (ADR 0086). The id of a webhook
 * event also has the time of the decision (ADR 0075): only administrators read it in a response.
 */
const WIDENED = [
  [patternOf(entityId), patternOf(consumerId)],
  ['^settled-[0-9a-f-]{36}$', patternOf(webhookEventId)],
];

function isWidened(key: string, { inner, outer, reader }: Pair): boolean {
  const change = reader === 'ours' ? [inner.pattern, outer.pattern] : [outer.pattern, inner.pattern];
  return key === 'pattern' && WIDENED.some((widened) => isDeepStrictEqual(change, widened));
}

function unorderedKeywords(pair: Pair): string[] {
  const { inner, outer, at } = pair;
  if (valuesOf(inner)) return [];
  const isChanged = (key: (typeof UNORDERED)[number]) =>
    outer[key] !== undefined && !isDeepStrictEqual(inner[key], outer[key]) && !isWidened(key, pair);
  return UNORDERED.filter(isChanged).map((key) => `${at}: its ${key} has changed`);
}

function fields(pair: Pair): string[] {
  const { inner, outer, at, reader } = pair;
  const [possible, known] = [propertiesOf(inner), propertiesOf(outer)];
  const [before, after] = reader === 'ours' ? [possible, known] : [known, possible];
  const place = (name: string) => (at ? `${at}.${name}` : name);
  const removed = Object.keys(before).filter((name) => !(name in after));
  const needed = (outer.required ?? []).filter((name) => !(inner.required ?? []).includes(name));
  const unknown =
    outer.additionalProperties === false && inner.additionalProperties !== false && inner.type === 'object';
  return [
    ...removed.map((name) => `${place(name)}: was removed`),
    ...needed
      .filter((name) => !removed.includes(name))
      .map((name) => `${place(name)}: can be missing, and is required`),
    ...(unknown ? [`${at}: can have unknown fields`] : []),
    ...Object.keys(possible)
      .filter((name) => name in known)
      .flatMap((name) => outside({ ...pair, inner: possible[name] ?? {}, outer: known[name] ?? {}, at: place(name) })),
  ];
}

const propertiesOf = ({ properties = {} }: JsonSchema) => properties as Record<string, JsonSchema>;

function items(pair: Pair): string[] {
  const [inner, outer] = [pair.inner.items, pair.outer.items] as [JsonSchema | undefined, JsonSchema | undefined];
  if (!outer) return [];
  return outside({ ...pair, inner: inner ?? {}, outer, at: `${pair.at}[]` });
}

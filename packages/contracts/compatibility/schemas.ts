import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../src/json-schema.ts';

/** Who reads what the schema describes. ours: what is sent to us. theirs: what we send. */
export type Reader = 'ours' | 'theirs';

type Schema = JsonSchema;

/** What is compared at one place: whatever `inner` allows, `outer` must allow. */
interface Pair {
  readonly inner: Schema;
  readonly outer: Schema;
  readonly at: string;
  readonly reader: Reader;
}

/**
 * How a new schema breaks whoever goes by the old one, a sentence each. What is sent to us by the old schema must be accepted
 * by the new one; what we send by the new schema must be what the old one promised. Fields may be added, if nobody must send
 * them. Pure; knows the part of JSON Schema that zod writes, and takes what it does not understand for a break if it changed.
 */
export function schemaBreaks(before: Schema, after: Schema, reader: Reader, at: string): string[] {
  return reader === 'ours'
    ? outside({ inner: before, outer: after, at, reader })
    : outside({ inner: after, outer: before, at, reader });
}

function outside(pair: Pair): string[] {
  const { inner, outer, at } = pair;
  if (isDeepStrictEqual(inner, outer) || isDeepStrictEqual(strip(outer), {})) return [];
  const branches = branchesOf(inner);
  if (branches) return branches.flatMap((branch) => outside({ ...pair, inner: branch }));
  const choices = branchesOf(outer);
  if (choices) {
    const tried = choices.map((choice) => outside({ ...pair, outer: choice }));
    return tried.some((breaks) => breaks.length === 0) ? [] : [`${at}: fits none of the forms that it could have`];
  }
  return [values(pair), types(pair), bounds(pair), sameWhereSaid(pair), fields(pair), items(pair)].flat();
}

const ANNOTATIONS = new Set(['title', 'description', 'examples', 'default', '$id']);

/** Without what only people read. */
const strip = (schema: Schema): object =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !ANNOTATIONS.has(key)));

const branchesOf = (schema: Schema): Schema[] | undefined => (schema.anyOf ?? schema.oneOf) as Schema[] | undefined;

const valuesOf = ({ enum: list, const: one }: Schema): unknown[] | undefined =>
  list ?? (one === undefined ? undefined : [one]);

function values({ inner, outer, at }: Pair): string[] {
  const allowed = valuesOf(outer);
  if (!allowed) return [];
  const possible = valuesOf(inner);
  if (!possible) return [`${at}: is no longer one of a list`];
  return possible.filter((value) => !allowed.includes(value)).map((value) => `${at}: can be ${JSON.stringify(value)}`);
}

function typesOf({ type, ...schema }: Schema): string[] | undefined {
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

/** Of these, nobody can tell which one allows more. */
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

function sameWhereSaid({ inner, outer, at }: Pair): string[] {
  if (valuesOf(inner)) return [];
  return UNORDERED.filter((key) => outer[key] !== undefined && !isDeepStrictEqual(inner[key], outer[key])).map(
    (key) => `${at}: its ${key} is another`,
  );
}

function fields(pair: Pair): string[] {
  const { inner, outer, at, reader } = pair;
  const [possible, known] = [propertiesOf(inner), propertiesOf(outer)];
  const [before, after] = reader === 'ours' ? [possible, known] : [known, possible];
  const place = (name: string) => (at ? `${at}.${name}` : name);
  const gone = Object.keys(before).filter((name) => !(name in after));
  const needed = (outer.required ?? []).filter((name) => !(inner.required ?? []).includes(name));
  const unknown =
    outer.additionalProperties === false && inner.additionalProperties !== false && inner.type === 'object';
  return [
    ...gone.map((name) => `${place(name)}: is gone`),
    ...needed.filter((name) => !gone.includes(name)).map((name) => `${place(name)}: can be missing, and must not be`),
    ...(unknown ? [`${at}: can have fields that are not known`] : []),
    ...Object.keys(possible)
      .filter((name) => name in known)
      .flatMap((name) => outside({ ...pair, inner: possible[name] ?? {}, outer: known[name] ?? {}, at: place(name) })),
  ];
}

const propertiesOf = ({ properties = {} }: Schema) => properties as Record<string, Schema>;

function items(pair: Pair): string[] {
  const [inner, outer] = [pair.inner.items, pair.outer.items] as [Schema | undefined, Schema | undefined];
  if (!outer) return [];
  return outside({ ...pair, inner: inner ?? {}, outer, at: `${pair.at}[]` });
}

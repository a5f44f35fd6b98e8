import fc from 'fast-check';

/** The part of JSON Schema that the documents of the services use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Longest array and text that are generated where the schema allows more. */
const MAX_ITEMS = 4;
const MAX_TEXT = 64;

/** Values that match a schema, with its bounds among them. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(valuesOf));
  switch (schema.type) {
    case 'string':
      return textsOf(schema);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return arraysOf(schema);
    case 'object':
      return objectsOf(schema);
    default:
      return fc.jsonValue();
  }
}

const LOOKAHEAD = /\(\?![^)]*\)/g;

function textsOf({ pattern, format, minLength = 0, maxLength = MAX_TEXT }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((date) => date.toISOString());
  if (pattern === undefined)
    return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, MAX_TEXT)) });
  const whole = new RegExp(pattern, 'u');
  return fc.stringMatching(new RegExp(pattern.replaceAll(LOOKAHEAD, ''))).filter((text) => whole.test(text));
}

function numbersOf({ minimum = -1_000, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(minimum, maximum), fc.integer({ min: minimum, max: maximum }));
}

/** Elements differ by their ids, which no schema can state. */
function arraysOf({ items = {}, minItems = 0, maxItems = MAX_ITEMS }: Schema): fc.Arbitrary<unknown[]> {
  const length = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, MAX_ITEMS)) };
  const idOf = (value: unknown): unknown => {
    const { id, itemId } = (value ?? {}) as { readonly id?: unknown; readonly itemId?: unknown };
    return id ?? itemId ?? Symbol('no id');
  };
  return fc.uniqueArray(valuesOf(items), { ...length, selector: idOf });
}

function objectsOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
  const values = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)]));
  return fc.record(values, { requiredKeys: [...required] });
}

/** Values that a field seldom expects. */
const ODD_VALUES: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    ' ',
    0,
    -1,
    0.5,
    1e21,
    2 ** 53,
    [],
    {},
    [[]],
    'x'.repeat(300),
    '\u0000',
    '\ud800',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Place {
  readonly parent: Record<string, unknown>;
  readonly name: string;
}

/** Every field and element of a JSON value. */
const placesIn = (value: unknown): Place[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, child]) => [
        { parent: value as Record<string, unknown>, name },
        ...placesIn(child),
      ]);

/** Values that differ from valid ones in one field: it has another value, is missing, or is unknown. Some are still valid. */
export const mutationsOf = (valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(valid, fc.nat(), fc.constantFrom('replace', 'remove', 'add'), ODD_VALUES).map(([value, at, change, odd]) => {
    const copy = structuredClone(value);
    const places = placesIn(copy);
    const place = places[at % Math.max(places.length, 1)];
    if (place === undefined) return odd;
    if (change === 'add') place.parent[Array.isArray(place.parent) ? place.parent.length : '__unknown'] = odd;
    else if (change === 'replace') place.parent[place.name] = odd;
    else if (Array.isArray(place.parent)) place.parent.splice(Number(place.name), 1);
    else delete place.parent[place.name];
    return copy;
  });

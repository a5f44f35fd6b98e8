import { z } from 'zod';

/** A JSON Schema document. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** read: data that the service receives. written: data that it sends. */
export type Direction = 'read' | 'written';

/**
 * The JSON Schema of a zod schema. Objects that the service sends are open: a reader must not rely on the absence of a field, so
 * that fields can be added.
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  direction: Direction,
  target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12',
): JsonSchema {
  const { $schema, ...result } = z.toJSONSchema(schema, {
    target,
    io: direction === 'read' ? 'input' : 'output',
    override({ jsonSchema }) {
      if (direction === 'written' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // The format is enough; the pattern enumerates all days of all months.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return result;
}

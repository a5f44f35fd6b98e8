import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** read: what we accept. written: what we send. */
export type Direction = 'read' | 'written';

/**
 * A schema for readers, as JSON Schema. Objects that we send are open: nobody may rely on a field not being there, so that
 * new ones can come.
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
      // The format says it, and a pattern of all days of all months helps nobody.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return result;
}

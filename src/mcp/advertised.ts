/**
 * Schemas as `tools/list` shows them. Every client loads the list, and most hand the inputs to their model, so only what
 * helps is in it: inputs keep types, limits and descriptions; outputs name every field, and give the type of texts only.
 */
import * as z from 'zod';

/** The tool itself validates arguments, because its messages contain what to do. */
export function advertised<T extends z.ZodObject>(schema: T): T {
  const shown = (io: 'input' | 'output') => (): Record<string, unknown> => {
    // without `$schema`, the protocol means JSON Schema 2020-12 (revision 2025-11-25)
    const { $schema: _, ...whole } = z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema }) => {
        // every integer would have this maximum, which costs tokens and helps no model
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        // open, as it is anyway
        if (typeof jsonSchema.additionalProperties === 'object') delete jsonSchema.additionalProperties;
      },
    });
    return io === 'input' ? whole : shortened(whole);
  };
  const standard = {
    ...schema['~standard'],
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: shown('input'), output: shown('output') },
  };
  return { '~standard': standard } as unknown as T;
}

type Schema = z.core.JSONSchema.BaseSchema;

/** Names, nesting, and the words that a field may have. */
function shortened({ properties, items, anyOf, enum: words, type }: Schema): Schema {
  // nullable
  const [first] = anyOf ?? [];
  if (first !== undefined) return { ...shortened(first), ...(first.type === 'object' && { type: ['object', 'null'] }) };
  if (words !== undefined) return { enum: words };
  if (properties !== undefined) {
    const inner = Object.entries(properties).map(([name, schema]) => [name, shortened(schema as Schema)]);
    return { type: 'object', properties: Object.fromEntries(inner), additionalProperties: false };
  }
  if (type === 'array') {
    const inner = shortened(items as Schema);
    return inner.type === 'object' ? { type, items: inner } : { type };
  }
  return type === 'string' ? { type } : {};
}

/** Schemas as `tools/list` shows them. */
import * as z from 'zod';

/** A schema for the tool list only. The tool itself validates arguments, because its messages contain what to do. */
export function advertised<T extends z.ZodObject>(schema: T): T {
  const shown = (io: 'input' | 'output') => (): Record<string, unknown> =>
    z.toJSONSchema(schema, {
      io,
      override: ({ jsonSchema, path }) => {
        // every integer would have this maximum, which costs tokens and helps no model
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (io === 'output') shorten(jsonSchema, path.length > 0);
      },
    });
  const standard = {
    ...schema['~standard'],
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: shown('input'), output: shown('output') },
  };
  return { '~standard': standard } as unknown as T;
}

/** The names and types of results are enough: every client reads them with the list of tools, and pays for them. */
function shorten(schema: z.core.JSONSchema.BaseSchema, isInside: boolean): void {
  delete schema.minimum;
  if (schema.enum !== undefined) delete schema.type;
  if (isInside) delete schema.required;
}

/** Fields, their schemas and received values as words in a message. */
import type * as z from 'zod';
import { clipped } from './clipped.ts';

/** Of a name or a value, in characters. */
const LONGEST = 60;

/** Describes one of our JSON Schemas in words. */
export function toWords(schema: z.core.JSONSchema._JSONSchema | undefined): string {
  if (typeof schema !== 'object') return 'given';
  const { type, enum: values, minimum, maximum, exclusiveMinimum, minItems, maxItems } = schema;
  if (values !== undefined) return `one of ${values.join(', ')}`;
  if (type === 'array')
    return `a list of ${minItems ?? 0} to ${maxItems ?? 'any number of'} ${itemsInWords(schema.items)}`;
  if (type !== 'integer' && type !== 'number') return type === 'boolean' ? 'true or false' : 'a text';
  return `a ${type === 'integer' ? 'whole ' : ''}number from ${minimum ?? exclusiveMinimum ?? 0} to ${maximum ?? 'any'}`;
}

function itemsInWords(items: z.core.JSONSchema.BaseSchema['items']): string {
  if (typeof items !== 'object' || Array.isArray(items)) return 'values';
  if (items.type === 'object') return `objects with ${Object.keys(items.properties ?? {}).join(', ')}`;
  return items.type === 'integer' ? `whole numbers from ${items.minimum ?? 0} to ${items.maximum ?? 'any'}` : 'texts';
}

/** A received value, shortened if it is long. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return clipped(JSON.stringify(value) ?? 'absent', LONGEST);
}

/** A received name: plain, or as a JSON text if it contains anything but letters, digits and separators. */
export function shownName(name: string): string {
  return clipped(/^[\w.-]+$/.test(name) ? name : JSON.stringify(name), LONGEST);
}

/** Request bodies: read whole, parsed once. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { invalidBody } from './answers.ts';

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** For the record: what a test wants to look at. `{}` when the body is no JSON object. */
export function bodyForRecord(raw: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function parseBody<T>(raw: string, schema: z.ZodType<T>): T {
  const value = parseJson(raw);
  // pydantic refuses half of a surrogate pair, which Python cannot encode as UTF-8
  if (JSON.stringify(value).replaceAll('\\\\', '').includes('\\ud')) {
    const msg = 'Input should be a valid string, unable to parse raw data as a unicode string';
    throw invalidBody({ type: 'string_unicode', loc: 'body', msg, rest: "'input': '...'" });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const loc = ['body', ...(issue?.path ?? [])].join('.');
  throw invalidBody({ type: issue?.code ?? 'invalid', loc, msg: issue?.message ?? 'Invalid', rest: "'input': '...'" });
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    throw jsonError(raw, error);
  }
}

/** Python's words for it; the place comes from V8's message where that has one. */
function jsonError(raw: string, error: unknown): Error {
  const position = Number(/position (\d+)/.exec(String(error))?.[1] ?? raw.length);
  const expected = /[{,]\s*$/.test(raw.slice(0, position))
    ? 'Expecting property name enclosed in double quotes'
    : 'Expecting value';
  return invalidBody({
    type: 'json_invalid',
    loc: `body.${position}`,
    msg: 'JSON decode error',
    rest: `'input': '<dict of 0 items>', 'ctx': {'error': '${expected}'}`,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

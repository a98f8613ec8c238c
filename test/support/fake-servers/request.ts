/** A request to generate, read and checked as its server does it. */
import type { ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Body } from './dialect.ts';
import type { Host } from './host.ts';
import { refuse } from './refusals.ts';
import type { Making } from './writing.ts';

export type Answering = Making & { readonly response: ServerResponse };

export const generationFields = {
  model: z.string().nullish(),
  max_tokens: z.int().min(1).nullish(),
  stream: z.literal(true, 'the fake servers only stream'),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  skip_special_tokens: z.boolean().nullish(),
  return_token_ids: z.boolean().nullish(),
};

export function checked<T extends { readonly model?: string | null | undefined }>(
  { dialect: { fields }, name }: Host,
  body: Body,
  schema: z.ZodType<T>,
): T {
  const stranger = Object.keys(body).find((field) => fields?.includes(field) === false);
  if (stranger !== undefined) refuse(`('body', '${stranger}'): Extra inputs are not permitted`);
  const asked = parsed(schema, body);
  if (asked.model !== name) refuse(`model '${asked.model}' not found`, 404);
  return asked;
}

export function parsed<T>(schema: z.ZodType<T>, body: Body): T {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  return refuse(`${error?.issues[0]?.path.join('.')}: ${error?.issues[0]?.message}`);
}

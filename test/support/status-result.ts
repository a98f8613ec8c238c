/** A status against its list of fields, written down here a second time on purpose, as in results.ts. */
import { expect } from 'vitest';
import type { z } from 'zod';
import { asSentence } from '../../src/errors.ts';
import { statusSchema } from '../../src/status/schema.ts';
import type { CallResult } from './connect.ts';
import { pathsOf, sizeOf } from './results.ts';

export type StatusResult = z.infer<typeof statusSchema>;

const ALWAYS = [
  'ok',
  'server',
  'can.token_ids',
  'can.own_budget',
  'spent.calls',
  'spent.prompt_tokens',
  'spent.thinking_tokens',
  'spent.answer_tokens',
  'faults',
];

const MAYBE = [
  'spent.cost',
  'model',
  'window',
  'can.counted_by',
  'can.prefix_caching',
  'load.running',
  'load.waiting',
  'load.cache_use',
  'load.tokens_per_second',
  'load.first_token_ms',
  'speed.tokens_per_second',
  'speed.first_token_ms',
  'speed.continuation_ms',
];

/** Everything that holds for any status. */
export function statusOf(structured: unknown): StatusResult {
  const status = statusSchema.parse(structured);
  const fields = pathsOf(status);
  expect(fields).toEqual(expect.arrayContaining(ALWAYS));
  expect(fields.filter((field) => ![...ALWAYS, ...MAYBE].includes(field))).toEqual([]);
  for (const { what, fix } of status.faults) {
    expect(what).toMatch(/\S/);
    expect(fix).toMatch(/\S/);
    expect(what + fix).not.toMatch(/\n|node_modules|\.[jt]s:\d+:\d+/);
  }
  return status;
}

/** The same, of a tool's result: a status is no error, and nothing is linked to it. */
export function statusResult(result: CallResult): StatusResult {
  expect(result).toMatchObject({ isError: false, parts: 1, link: undefined });
  const status = statusOf(result.structured);
  expect(result.text).toMatch(status.model === undefined ? /^not ready\n/ : /^ready: /);
  for (const { what, fix } of status.faults) expect(result.text).toContain(`- ${asSentence(what)} ${asSentence(fix)}`);
  expect(sizeOf(result)).toBeLessThan(10_000);
  return status;
}

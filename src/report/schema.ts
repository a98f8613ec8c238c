/** Output schemas of the results; clients validate structured content against them. */
import * as z from 'zod';

const tokens = z.int().min(0);
const milliseconds = z.int().min(0);

const thinkingEnd = z.enum(['model', 'budget', 'deadline', 'unclosed', 'none', 'server', 'off', 'sure', 'loop']);

export const runResultSchema = z.strictObject({
  answer: z.string(),
  run_id: z.string(),
  model: z.string(),
  thinking: z.strictObject({
    budget: tokens,
    tokens,
    ended_by: thinkingEnd,
    mechanism: z.enum(['native', 'stream', 'two_call', 'off']),
    honored: z.boolean(),
    counted_by: z.enum(['ids', 'usage', 'tokenizer', 'estimate']),
    overhead_tokens: tokens,
  }),
  answer_tokens: tokens,
  answer_ended_by: z.enum(['stop', 'length', 'deadline']),
  usage: z.strictObject({
    prompt_tokens: tokens,
    received_tokens: tokens,
    requests: z.int().min(1),
    reused_tokens: tokens.optional(),
    cost: z.number().min(0).optional(),
  }),
  timing: z.strictObject({
    first_token_ms: milliseconds,
    first_answer_token_ms: milliseconds,
    total_ms: milliseconds,
    tokens_per_second: z.number().min(0),
    planned_thinking_tokens: tokens,
    deadline_ms: milliseconds.optional(),
  }),
  warnings: z.array(z.string()),
  reasoning: z.string().optional(),
});

export const batchResultSchema = z.strictObject({
  results: z.array(
    z.strictObject({
      index: z.int().min(0),
      answer: z.string().optional(),
      error: z.string().optional(),
      thinking_tokens: tokens.optional(),
      ended_by: thinkingEnd.optional(),
    }),
  ),
  remaining: z.array(z.int().min(0)),
  totals: z.strictObject({
    items: tokens,
    failed: tokens,
    thinking_tokens: tokens,
    answer_tokens: tokens,
    total_ms: milliseconds,
    cost: z.number().min(0).optional(),
  }),
  warnings: z.array(z.string()),
});

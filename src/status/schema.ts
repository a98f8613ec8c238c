/** The status as clients read it. Names are the contract's: snake_case, counts in tokens, times in milliseconds. */
import * as z from 'zod';
import { roundedCost } from '../spending/prices.ts';
import type { Status } from './status.ts';

const count = z.int().min(0);

export const statusSchema = z.strictObject({
  ok: z.boolean(),
  server: z.string(),
  model: z.string().optional(),
  window: count.optional(),
  can: z.strictObject({
    token_ids: z.boolean(),
    counted_by: z.enum(['ids', 'usage', 'tokenizer', 'estimate']).optional(),
    own_budget: z.string(),
    prefix_caching: z.boolean().optional(),
  }),
  load: z
    .strictObject({
      running: count,
      waiting: count,
      cache_use: z.number().optional(),
      tokens_per_second: z.number().optional(),
      first_token_ms: z.number().optional(),
    })
    .optional(),
  speed: z
    .strictObject({
      tokens_per_second: z.number().optional(),
      first_token_ms: z.number().optional(),
      continuation_ms: z.number().optional(),
    })
    .optional(),
  spent: z.strictObject({
    calls: count,
    prompt_tokens: count,
    thinking_tokens: count,
    answer_tokens: count,
    cost: z.number().optional(),
  }),
  faults: z.array(z.strictObject({ what: z.string(), fix: z.string() })),
  warnings: z.array(z.string()).optional(),
});

export function toStatusResult({
  facts,
  engine,
  load,
  tried,
  speeds = {},
  spent,
  findings,
}: Status): z.infer<typeof statusSchema> {
  const place = engine === undefined ? (facts?.engine ?? 'nothing') : named(engine);
  return {
    ok: facts !== undefined && findings.every(({ grave }) => !grave),
    server: place,
    ...(facts && { model: facts.model }),
    ...(facts && Number.isFinite(facts.window) && { window: facts.window }),
    can: {
      token_ids: facts !== undefined && engine?.prompts !== 'messages',
      ...(facts && { counted_by: facts.countedBy }),
      own_budget: facts?.native === undefined ? 'none' : (tried['native'] ?? 'not tried'),
      ...(facts?.prefixCaching !== undefined && { prefix_caching: facts.prefixCaching }),
    },
    ...(load && {
      load: {
        running: load.running,
        waiting: load.waiting,
        ...(load.cacheUse !== undefined && { cache_use: rounded(load.cacheUse) }),
        ...(load.tokensPerSecond !== undefined && { tokens_per_second: rounded(load.tokensPerSecond) }),
        ...(load.firstTokenMs !== undefined && { first_token_ms: Math.round(load.firstTokenMs) }),
      },
    }),
    ...(Object.keys(speeds).length > 0 && {
      speed: {
        ...(speeds.tokensPerSecond !== undefined && { tokens_per_second: rounded(speeds.tokensPerSecond) }),
        ...(speeds.firstTokenMs !== undefined && { first_token_ms: Math.round(speeds.firstTokenMs) }),
        ...(speeds.continuationMs !== undefined && { continuation_ms: Math.round(speeds.continuationMs) }),
      },
    }),
    spent: {
      calls: spent.calls,
      prompt_tokens: spent.promptTokens,
      thinking_tokens: spent.thinkingTokens,
      answer_tokens: spent.answerTokens,
      ...(spent.cost !== undefined && { cost: roundedCost(spent.cost) }),
    },
    faults: findings.map(({ what, fix }) => ({ what, fix })),
  };
}

/** `vllm 0.32.0 at http://… (found)` */
export function named({ kind, version, address, chosen }: NonNullable<Status['engine']>): string {
  const how = chosen === 'found' ? ' (found on this machine)' : '';
  const program = kind === 'unknown' ? 'an unknown server' : kind;
  return `${program}${version === undefined ? '' : ` ${version}`} at ${address}${how}`;
}

function rounded(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}

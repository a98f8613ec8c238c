/** The results of a batch, from the ends of its items. */
import type * as z from 'zod';
import type { Outcome } from '../budget/outcome.ts';
import { roundedCost } from '../spending/prices.ts';
import { mergedWarnings } from './item-warnings.ts';
import type { batchResultSchema } from './schema.ts';

export type BatchResult = Readonly<z.infer<typeof batchResultSchema>>;

export type BatchItem = BatchResult['results'][number];

/** The end of one item: answered, failed with a sentence, or or without a turn before the deadline. */
export type ItemEnd =
  | { readonly kind: 'answered'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly error: string; readonly thinkingTokens: number; readonly reasoning: string }
  | { readonly kind: 'remaining' };

/** `given`: the warnings about the arguments, which apply also if no item was answered. */
export function toBatchResult(ends: readonly ItemEnd[], totalMs: number, given: readonly string[] = []): BatchResult {
  const results = ends.flatMap((end, index) => (end.kind === 'remaining' ? [] : [toItem(end, index)]));
  const remaining = ends.flatMap(({ kind }, index) => (kind === 'remaining' ? [index] : []));
  const answered = ends.flatMap((end) => (end.kind === 'answered' ? [end.outcome] : []));
  const failed = ends.flatMap((end) => (end.kind === 'failed' ? [end] : []));
  const costs = answered.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  const lost = failed.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0);
  return {
    results,
    remaining,
    totals: {
      items: ends.length,
      failed: failed.length,
      thinking_tokens: answered.reduce((sum, { counts }) => sum + counts.thinking, lost),
      answer_tokens: answered.reduce((sum, { counts }) => sum + counts.answer, 0),
      total_ms: Math.round(totalMs),
      ...(costs.length > 0 && { cost: roundedCost(costs.reduce((sum, cost) => sum + cost, 0)) }),
    },
    warnings: [
      ...mergedWarnings([...given, ...answered.flatMap(({ warnings }) => warnings)]),
      ...(remaining.length === 0
        ? []
        : [
            remaining.length === 1
              ? '1 item had no turn before the deadline; call again with it, or raise max_seconds'
              : `${remaining.length} items had no turn before the deadline; call again with them, or raise max_seconds`,
          ]),
    ],
  };
}

function toItem(end: Exclude<ItemEnd, { kind: 'remaining' }>, index: number): BatchItem {
  if (end.kind === 'failed') return { index, error: end.error };
  const { answer, counts, thinkingEndedBy } = end.outcome;
  return { index, answer, thinking_tokens: counts.thinking, ended_by: thinkingEndedBy };
}

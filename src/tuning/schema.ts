/** The result of a tuning as clients validate it. */
import * as z from 'zod';

const share = z.number();

export const tuneResultSchema = z.strictObject({
  tuning_id: z.string(),
  model: z.string(),
  cases: z.int(),
  repeats: z.int(),
  budgets: z.array(
    z.strictObject({
      budget: z.int().nullable(),
      accuracy: share,
      accuracy_low: share,
      accuracy_high: share,
      difference: share,
      difference_low: share,
      difference_high: share,
      thinking_tokens: z.number(),
      thinking_tokens_p95: z.number(),
      closed_share: share,
      latency_ms: z.number(),
      latency_ms_p95: z.number(),
      saving: share,
    }),
  ),
  recommended: z.strictObject({ budget: z.int(), loss_points: z.number(), saving: share }).nullable(),
  cases_needed: z.int().optional(),
  tokens: z.strictObject({ generated: z.int(), naive: z.int() }),
  saved_as: z.string().optional(),
  warnings: z.array(z.string()),
});

/** Input fields that several tools share, so that they read alike. */
import * as z from 'zod';

export const question = z.string().describe('The question; must be self-contained');

export const context = z.string().optional().describe('Text that the question is about; treated as plain text');

/** The largest values of fields that are only limits: a higher value is lowered, with a warning. */
export const LOWERED = z.registry<{ readonly most: number }>();

/** Hard limit on thinking tokens, from 0 to `most`. */
export function thinkingBudget(most: number, description: string): z.ZodOptional<z.ZodInt> {
  return z.int().min(0).max(most).optional().describe(description).register(LOWERED, { most });
}

export const complexity = z
  .enum(['simple', 'medium', 'complex', 'critical'])
  .optional()
  .describe('Use instead of thinking_budget: 128, 512, 1024, 2048');

export const continueRun = z
  .string()
  .optional()
  .describe('run_id of an earlier result: think on from there, thinking_budget tokens more');

export const profile = z.string().optional().describe('Saved by tune_budget; sets the budget');

export const earlyStop = z.boolean().optional().describe('Stop when sure; needs a profile');

export const answerTokens = (tokens: number): z.ZodOptional<z.ZodInt> =>
  z.int().min(1).max(32_768).optional().describe(`Maximum answer tokens; default ${tokens}`);

export const maxSeconds = z
  .number()
  .min(0.1)
  .max(86_400)
  .optional()
  .describe("At its end, the best answer so far is returned; default: the operator's, usually 45");

/** Converts an outcome to the public result: exactly the fields of the contract. */
import type * as z from 'zod';
import type { Outcome } from '../budget/outcome.ts';
import { roundedCost } from '../spending/prices.ts';
import type { runResultSchema } from './schema.ts';

export type RunResult = Readonly<z.infer<typeof runResultSchema>>;

export function toRunResult(outcome: Outcome): RunResult {
  const { counts, timing } = outcome;
  return {
    answer: outcome.answer,
    run_id: outcome.runId,
    model: outcome.model,
    thinking: {
      budget: outcome.budget,
      tokens: counts.thinking,
      ended_by: outcome.thinkingEndedBy,
      mechanism: outcome.mechanism,
      honored: outcome.honored,
      counted_by: outcome.countedBy,
      overhead_tokens: counts.marker + counts.closer + counts.endOfTurn,
    },
    answer_tokens: counts.answer,
    answer_ended_by: outcome.answerEndedBy,
    usage: {
      prompt_tokens: counts.prompt,
      received_tokens: counts.received,
      requests: outcome.requests,
      ...(outcome.reusedTokens !== undefined && { reused_tokens: outcome.reusedTokens }),
      ...(outcome.cost !== undefined && { cost: roundedCost(outcome.cost) }),
    },
    timing: {
      first_token_ms: Math.round(timing.firstTokenMs),
      first_answer_token_ms: Math.round(timing.firstAnswerTokenMs),
      total_ms: Math.round(timing.totalMs),
      planned_thinking_tokens: timing.plannedThinkingTokens,
      ...(timing.deadlineMs !== undefined && { deadline_ms: Math.round(timing.deadlineMs) }),
      tokens_per_second: Math.round(timing.tokensPerSecond * 10) / 10,
    },
    warnings: [...outcome.warnings],
  };
}

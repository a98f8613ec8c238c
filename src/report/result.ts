/** Converts an outcome to the public result: exactly the fields of the contract. */
import type { Outcome } from '../budget/outcome.ts';

export type RunResult = {
  readonly answer: string;
  readonly run_id: string;
  readonly model: string;
  readonly thinking: {
    readonly budget: number;
    readonly tokens: number;
    readonly ended_by: Outcome['thinkingEndedBy'];
    readonly mechanism: Outcome['mechanism'];
    readonly honored: boolean;
    readonly counted_by: Outcome['countedBy'];
    readonly overhead_tokens: number;
  };
  readonly answer_tokens: number;
  readonly answer_ended_by: Outcome['answerEndedBy'];
  readonly usage: { readonly prompt_tokens: number; readonly received_tokens: number; readonly requests: number };
  readonly timing: {
    readonly first_token_ms: number;
    readonly first_answer_token_ms: number;
    readonly total_ms: number;
    readonly tokens_per_second: number;
  };
  readonly warnings: readonly string[];
  readonly reasoning?: string;
};

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
    usage: { prompt_tokens: counts.prompt, received_tokens: counts.received, requests: outcome.requests },
    timing: {
      first_token_ms: Math.round(timing.firstTokenMs),
      first_answer_token_ms: Math.round(timing.firstAnswerTokenMs),
      total_ms: Math.round(timing.totalMs),
      tokens_per_second: Math.round(timing.tokensPerSecond * 10) / 10,
    },
    warnings: outcome.warnings,
  };
}

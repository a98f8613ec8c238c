/** `thinking_token_budget`, the field: what each server makes of it, in the words of the recordings. */
import { badRequest, type RequestError } from './answers.ts';
import type { Reasoning } from './served.ts';

/** `undefined`: no limit. */
export function readThinkingBudget(value: unknown, reasoning: Reasoning): number | undefined {
  if (reasoning === 'ignored' || value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -1) {
    throw badRequest('`thinking_token_budget` must be a non-negative integer or -1 for unlimited.', {
      param: 'thinking_token_budget',
      value: asPython(value),
    });
  }
  return value === -1 ? undefined : value;
}

const refusals: Readonly<Partial<Record<Reasoning, string>>> = {
  absent:
    'thinking_token_budget is set but reasoning_config is not configured. Please set --reasoning-parser and/or ' +
    '--reasoning-config to use thinking_token_budget.',
  'v2-runner':
    'thinking_token_budget is not yet supported by the V2 model runner. Run vLLM with VLLM_USE_V2_MODEL_RUNNER=0 to use ' +
    'thinking_token_budget.',
};

/** The engine says no after the request was read and, of a stream, after the headers have left. */
export function budgetRefusal(budget: number | undefined, reasoning: Reasoning): RequestError | undefined {
  const refusal = refusals[reasoning];
  return budget === undefined || refusal === undefined ? undefined : badRequest(refusal);
}

function asPython(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return JSON.stringify(value);
}

/** What a tool's arguments say of tokens and time: read here for every tool. */
import { COMPLEXITY } from './budget/presets.ts';
import type { Question } from './prompt/question.ts';
import type { ToolDefaults } from './tool.ts';

/** As the fields of `fields.ts` let them through; absent: not given. */
export type LimitArguments = {
  readonly thinking_budget?: number | undefined;
  readonly complexity?: keyof typeof COMPLEXITY | undefined;
  readonly answer_tokens?: number | undefined;
  readonly max_seconds?: number | undefined;
};

export type Limits = Pick<Question, 'thinkingBudget' | 'answerTokens' | 'maxSeconds' | 'warnings'>;

/** In tokens, if a call does not give them. */
type Defaults = { readonly thinking: number; readonly answer: number };

/** `thinking_budget` goes before `complexity`. `warnings`: those about the arguments so far, which come first. */
export function readLimits(
  args: LimitArguments,
  { thinking, answer }: Defaults,
  operator: ToolDefaults,
  warnings: readonly string[],
): Limits {
  const { thinking_budget: budget, complexity, answer_tokens: answerTokens } = args;
  const maxSeconds = args.max_seconds ?? operator.maxSeconds;
  const named = complexity === undefined ? thinking : COMPLEXITY[complexity];
  return {
    thinkingBudget: { tokens: budget ?? named, given: budget !== undefined },
    answerTokens: { tokens: answerTokens ?? answer, given: answerTokens !== undefined },
    ...(maxSeconds !== undefined && { maxSeconds }),
    warnings: [
      ...warnings,
      ...(budget !== undefined && complexity !== undefined
        ? [`complexity was ignored, because thinking_budget ${budget} was given`]
        : []),
    ],
  };
}

/** What a tool's arguments say of tokens and time: read here for every tool. */
import { COMPLEXITY } from './budget/presets.ts';
import type { Question } from './prompt/question.ts';
import type { ToolDefaults } from './tool.ts';
import { earlyStopOf } from './tuning/profiles/chosen.ts';
import type { Profile } from './tuning/profiles/profiles.ts';

/** As the fields of `fields.ts` let them through; absent: not given. */
export type LimitArguments = {
  readonly thinking_budget?: number | undefined;
  readonly complexity?: keyof typeof COMPLEXITY | undefined;
  readonly profile?: string | undefined;
  readonly answer_tokens?: number | undefined;
  readonly max_seconds?: number | undefined;
  readonly early_stop?: boolean | undefined;
};

export type Limits = Pick<
  Question,
  'thinkingBudget' | 'answerTokens' | 'maxSeconds' | 'earlyStop' | 'profileSaving' | 'warnings'
>;

/** In tokens, if a call does not give them. `profile`: the one that the call uses; `most`: its budget is lowered to it. */
type Defaults = {
  readonly thinking: number;
  readonly answer: number;
  readonly profile?: Profile | undefined;
  readonly most?: number;
};

/** `thinking_budget` goes before a profile, and a profile before `complexity`. `warnings`: those about the arguments so far, which come first. */
export function readLimits(
  args: LimitArguments,
  { thinking, answer, profile, most = Infinity }: Defaults,
  operator: ToolDefaults,
  warnings: readonly string[],
): Limits {
  const { thinking_budget: budget, complexity, answer_tokens: answerTokens } = args;
  const maxSeconds = args.max_seconds ?? operator.maxSeconds;
  const earlyStop = earlyStopOf(args.early_stop, profile);
  const named = complexity === undefined ? thinking : COMPLEXITY[complexity];
  const tokens = budget ?? (profile === undefined ? named : Math.min(profile.budget, most));
  return {
    thinkingBudget: { tokens, given: budget !== undefined },
    answerTokens: { tokens: answerTokens ?? answer, given: answerTokens !== undefined },
    ...(maxSeconds !== undefined && { maxSeconds }),
    ...(earlyStop !== undefined && { earlyStop }),
    ...(profile !== undefined && budget === undefined && { profileSaving: profile.saving }),
    warnings: [
      ...warnings,
      ...(budget !== undefined && complexity !== undefined
        ? [`complexity was ignored, because thinking_budget ${budget} was given`]
        : []),
      ...ignored(args),
    ],
  };
}

/** A profile that was named although the call says how much to think, or a complexity beside a profile. */
function ignored({ profile, thinking_budget: budget, complexity }: LimitArguments): string[] {
  if (profile === undefined) return [];
  if (budget !== undefined) return [`profile was ignored, because thinking_budget ${budget} was given`];
  return complexity === undefined ? [] : [`complexity was ignored, because the profile ${profile} was given`];
}

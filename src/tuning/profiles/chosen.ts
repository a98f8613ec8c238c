/** The profile that a call uses: the one that it names, else the operator's. */
import type { Outcome } from '../../budget/outcome.ts';
import { ConfigError, InvalidInputError } from '../../errors.ts';
import type { EarlyStopAt } from '../../prompt/question.ts';
import type { Profile, Profiles } from './profiles.ts';

export type ProfileArguments = {
  readonly profile?: string | undefined;
  readonly thinking_budget?: number | undefined;
  readonly complexity?: string | undefined;
};

/** The operator's profile is not used by a call that says how much to think. @throws {ThinkmeterError} if there is no such profile */
export async function chosenProfile(
  { profile: name, thinking_budget: budget, complexity }: ProfileArguments,
  { profiles, operators }: { readonly profiles: Profiles; readonly operators: string | undefined },
): Promise<Profile | undefined> {
  if (name !== undefined) return profiles.get(name);
  if (operators === undefined || budget !== undefined || complexity !== undefined) return undefined;
  try {
    return await profiles.get(operators);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new ConfigError(`THINKMETER_PROFILE is ${operators}, but ${error.message}`, {
      ...(error.hint && { hint: error.hint }),
    });
  }
}

/** What a caller must know of a profile that was made with another model. */
export function withProfileWarning(outcome: Outcome, profile: Profile | undefined): Outcome {
  const warning = profile === undefined ? undefined : otherModel(profile, outcome.model);
  return warning === undefined ? outcome : { ...outcome, warnings: [...outcome.warnings, warning] };
}

export function otherModel({ name, model }: Profile, answered: string): string | undefined {
  return model === answered
    ? undefined
    : `the profile ${name} was made with ${model}, and ${answered} answered: make one for this model with tune_budget`;
}

/**
 * The threshold with which a call ends its thinking early: that of its profile, unless the call says no.
 * @throws {InvalidInputError} if the call asks for it and nothing is calibrated
 */
export function earlyStopOf(asked: boolean | undefined, profile: Profile | undefined): EarlyStopAt | undefined {
  if (asked === false) return undefined;
  if (profile?.early_stop !== undefined) return { threshold: profile.early_stop.threshold, model: profile.model };
  if (asked !== true) return undefined;
  const what = profile === undefined ? 'no profile is used' : `the profile ${profile.name} has no threshold for it`;
  throw new InvalidInputError(`early_stop needs a profile that was calibrated for it, and ${what}`, {
    hint: 'make one with tune_budget and save_as, on vLLM, llama.cpp or an embedded model',
  });
}

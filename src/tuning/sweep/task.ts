/** What a tuning is asked to do, checked before anything is generated. */
import { createHash } from 'node:crypto';
import type { Facts } from '../../engine/engine.ts';
import { InvalidInputError } from '../../errors.ts';
import { matcher, type Matcher } from '../match/matcher.ts';
import { checkName } from '../profiles/profiles.ts';
import type { Case, Match } from '../values.ts';

export type TuneTask = {
  readonly cases: readonly Case[];
  readonly match: Match;
  /** limited ones */
  readonly budgets: readonly number[];
  readonly repeats: number;
  /** points of accuracy that a budget may lose */
  readonly tolerancePoints: number;
  readonly saveAs?: string | undefined;
  readonly maxSeconds?: number | undefined;
  readonly systemPrompt: string | undefined;
  /** about the input */
  readonly warnings?: readonly string[];
};

export const DEFAULT_BUDGETS: readonly number[] = [0, 64, 128, 256, 512, 1024, 2048];

export type Prepared = TuneTask & { readonly matchers: readonly Matcher[] };

/** @throws {InvalidInputError} */
export function prepare(task: TuneTask): Prepared {
  const { cases, match } = task;
  if (cases.length === 0) throw new InvalidInputError('there are no cases', { hint: 'give at least one' });
  if (task.saveAs !== undefined) checkName(task.saveAs);
  const matchers = cases.map(({ expected }, index) => {
    try {
      return matcher(match, expected);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      throw new InvalidInputError(`case ${index + 1}: ${error.message}`, { ...(error.hint && { hint: error.hint }) });
    }
  });
  const budgets = [...new Set(task.budgets)].toSorted((a, b) => a - b);
  return { ...task, budgets, matchers };
}

/** Equal for what gives equal results, so that an unfinished tuning is found again. */
export function keyOf({ cases, budgets, repeats, systemPrompt }: Prepared, { model, family }: Facts): string {
  return createHash('sha256')
    .update(JSON.stringify([cases, budgets, repeats, systemPrompt ?? '', model, family.name, family.sampling]))
    .digest('hex');
}

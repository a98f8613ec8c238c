/** A run whose request the server refused for its length is planned again, with the server's own numbers. */
import { leastRoom, plan, type Plan } from '../budget/plan.ts';
import type { Mechanism } from '../budget/mechanism.ts';
import type { Facts, Prompt } from '../engine/engine.ts';
import { ContextOverflowError, type ServerCount } from '../errors.ts';
import type { Question } from '../prompt/question.ts';

/** The server's count, and how many requests of this run it has refused. */
export type Refused = { readonly counted: ServerCount; readonly times: number };

/** The second repetition helps only after a count that had stopped early. */
const MOST_REFUSED = { exact: 1, least: 2 } as const;

/** @throws {ContextOverflowError} if a repeated request was refused as well */
export function afterRefusal(before: Refused | undefined, error: ContextOverflowError, counted: ServerCount): Refused {
  const times = (before?.times ?? 0) + 1;
  const most = before?.counted.isLeast === true ? MOST_REFUSED.least : MOST_REFUSED.exact;
  if (times > most) throw error;
  return { counted, times };
}

/** As `plan`, from the server's numbers if it has refused a request of this run. */
export function planAgain(
  question: Pick<Question, 'thinkingBudget' | 'answerTokens'>,
  facts: Facts,
  prompt: Prompt,
  { mechanism, refused }: { readonly mechanism: Mechanism; readonly refused: Refused | undefined },
): Plan {
  if (refused === undefined) return plan(question, facts, prompt, mechanism);
  const { counted, times } = refused;
  const known = { ...facts, window: counted.window };
  const from = (promptTokens: number): Plan =>
    plan(question, known, { ...prompt, beginning: { promptTokens, exact: true } }, mechanism);
  try {
    if (!counted.isLeast) return from(counted.promptTokens);
    // the prompt may be longer than the count, so at last only the least is requested
    const estimated = Math.max(counted.promptTokens, prompt.beginning.promptTokens);
    const most = counted.window - 2 * facts.closerTokens - leastRoom(question);
    return from(
      times > 1 ? Math.max(counted.promptTokens, most) : Math.max(counted.promptTokens, Math.min(estimated, most)),
    );
  } catch (error) {
    if (!(error instanceof ContextOverflowError)) throw error;
    throw new ContextOverflowError(error.message, { hint: error.hint ?? '', cause: error, counted });
  }
}

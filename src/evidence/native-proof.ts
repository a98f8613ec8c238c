/**
 * Whether a server holds the budget that its own field promises, by counting a tiny generation. An answer of 200 says
 * nothing: vLLM 0.32 ignores its field with a Nano 2 kind of tokenizer, older ones do not know it.
 */
import { beginningOf, type Facts } from '../engine/engine.ts';
import { EngineHttpError, toSentence } from '../errors.ts';
import type { Context } from '../run/context.ts';
import { deadline } from '../budget/deadline.ts';
import { plan } from '../budget/plan.ts';
import { Requests } from '../stream/requests.ts';
import { overran, think } from '../budget/think.ts';
import type { Verdict } from './trust.ts';

/** A question that is thought over at length. */
const TASK = 'Compute 12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5, step by step.';
const BUDGET = 8;

/** Undefined when it told nothing: the model closed its thinking before the budget was full, or nothing came. */
export async function proveNative(
  { engine, signal, inTime, clock }: Pick<Context, 'engine' | 'signal' | 'inTime' | 'clock'>,
  facts: Facts,
): Promise<Verdict | undefined> {
  const requests = new Requests(engine, { signal, inTime, clock });
  const question = {
    system: [],
    user: [{ from: 'ours', text: TASK }],
    thinkingBudget: { tokens: BUDGET, given: true },
    // the server's own closer, and a word to see that thinking is over
    answerTokens: { tokens: 16, given: true },
  } as const;
  try {
    const prompt = await engine.render(question, true, { signal: inTime });
    const planned = plan(question, facts, prompt, 'native');
    const { maxTokens, sampling, nativeBudget = BUDGET } = planned;
    const { reading, askedAt } = requests.ask(beginningOf(prompt), { maxTokens, sampling, nativeBudget });
    const thought = await think({
      reading,
      plan: planned,
      family: facts.family,
      state: prompt.thinking,
      deadline: deadline(askedAt, undefined),
      askedAt,
      progress: () => undefined,
    });
    if (thought.endedBy !== 'budget') return undefined;
    const why = `the server thought on beyond a budget of ${BUDGET} tokens in its self-test`;
    return overran('native', thought) ? { held: false, why } : { held: true };
  } catch (error) {
    // a fault of another kind will meet the run itself, which can tell it
    return error instanceof EngineHttpError && error.status === 400
      ? { held: false, why: toSentence(error) }
      : undefined;
  } finally {
    requests.stop();
  }
}

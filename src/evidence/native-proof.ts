/**
 * Self-test: counts a tiny generation to find out whether a server enforces its own budget field. A status of 200 is
 * not enough: vLLM 0.32 ignores the field with tokenizers of the Nano 2 kind, and older versions do not know the field.
 * The self-test starts after a run has its answer.
 */
import { Deadline } from '../budget/deadline.ts';
import { plan } from '../budget/plan.ts';
import { overran, think } from '../budget/think.ts';
import type { Clock } from '../clock.ts';
import type { Session } from '../engine/engine.ts';
import { EngineHttpError } from '../errors.ts';
import { Requests } from '../stream/requests.ts';
import { limit } from '../wait.ts';
import type { Proof } from './evidence.ts';

/** A question that takes long to think about. */
const TASK = 'Compute 12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5, step by step.';
const BUDGET = 8;

/** A server that does not generate 24 tokens in this time is busy, so the self-test shows nothing. */
const PROOF_MS = 60_000;

/** `inconclusive`: the model closed its thinking before the budget was used up. @throws if the test could not run */
export async function proveNative(session: Session, clock: Clock, signal?: AbortSignal): Promise<Proof> {
  const inTime = limit(signal, PROOF_MS, clock);
  const requests = new Requests({ signal: inTime.signal, inTime: inTime.signal, clock });
  const question = {
    system: [],
    user: [{ from: 'ours', text: TASK }],
    thinkingBudget: { tokens: BUDGET, given: true },
    // room for the server's own closer and one word, which shows that thinking has ended
    answerTokens: { tokens: 16, given: true },
  } as const;
  try {
    const prompt = await session.render(question, { thinking: true, room: 64, signal: inTime.signal });
    const planned = plan(question, session.facts, prompt, 'native');
    const { maxTokens, sampling, nativeBudget = BUDGET } = planned;
    const { reading, askedAt } = requests.open(session, prompt.beginning, { maxTokens, sampling, nativeBudget });
    const thought = await think({
      reading,
      plan: planned,
      family: session.facts.family,
      state: prompt.thinking,
      deadline: new Deadline({ startedAt: askedAt, maxSeconds: undefined }),
      askedAt,
      progress: () => undefined,
    });
    if (thought.endedBy !== 'budget') return 'inconclusive';
    const why = `the server exceeded a budget of ${BUDGET} tokens in its self-test`;
    return overran('native', thought) ? { held: false, why } : { held: true };
  } catch (error) {
    if (error instanceof EngineHttpError && error.status === 400) return { held: false, why: error.message };
    throw error;
  } finally {
    requests.stop();
    inTime.release();
  }
}

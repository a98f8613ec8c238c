/** The first half of a run: render, choose, plan, and think. */
import { beginningOf, ConnectionLostError, FactsChangedError, tokensOf } from '../engine/engine.ts';
import { EngineHttpError, toSentence } from '../errors.ts';
import { brokeTwice } from '../stream/breaks.ts';
import type { Context, Ready } from './context.ts';
import { figuresBefore, learnFromThought, type FiguresBefore } from '../evidence/learn.ts';
import { chooseMechanism } from '../budget/mechanism.ts';
import { proveNative } from '../evidence/native-proof.ts';
import { plan as toPlan } from '../budget/plan.ts';
import type { Request } from '../stream/requests.ts';
import { think, type Thought } from '../budget/think.ts';

/** The first request, and what was thought in it. */
export type Begun = {
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
  /** no connection has broken yet */
  readonly mayContinue: boolean;
  /** while it is not known how a cut is taken there */
  readonly figures: FiguresBefore | undefined;
};

/** `again`: the engine has said once that what it had told of itself does not hold. */
export async function begin(context: Context, again = false): Promise<Begun> {
  const { trust, requests } = context;
  const { ready, figures } = await prepare(context);
  try {
    const begun = { ...(await thinkFirst(context, ready)), figures };
    learnFromThought(context, ready, begun.thought);
    return begun;
  } catch (error) {
    // no token came of it: as if it had not been asked
    if (error instanceof FactsChangedError && !again) {
      requests.all.length = 0;
      return begin(context, true);
    }
    if (ready.plan.mechanism !== 'native' || !isRefusal(error)) throw error;
    trust.fail(ready.facts.server, 'native', `the server refused its budget field: ${toSentence(error)}`);
    requests.all.length = 0;
    return begin(context, again);
  }
}

/** Everything before the first token. */
async function prepare(context: Context): Promise<{ readonly ready: Ready } & Pick<Begun, 'figures'>> {
  const { question, engine, inTime, progress, mechanism: forced, trust } = context;
  const { tokens: budget } = question.thinkingBudget;
  const call = {
    signal: inTime,
    loading: ({ message }: { message: string }) =>
      progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }),
  };
  progress?.({ phase: 'waiting', thinkingTokens: 0, answerTokens: 0 });
  inTime.throwIfAborted();
  const facts = await engine.describe(call);
  // beside the rendering, so that it is read before anything is generated
  const figures = figuresBefore(context, facts);
  const prompt = await engine.render(question, budget > 0, call);
  const promptTokens = tokensOf(beginningOf(prompt));
  const prove = () => proveNative(context, facts);
  const choice = await chooseMechanism({ facts, promptTokens, budget, forced, trust, proveNative: prove });
  const warnings = [...(prompt.warnings ?? []), ...choice.warnings];
  return { ready: { facts, prompt, plan: toPlan(question, facts, prompt, choice.mechanism), warnings }, figures };
}

async function thinkFirst(context: Context, ready: Ready): Promise<Omit<Begun, 'figures'>> {
  const { maxTokens, sampling, nativeBudget } = ready.plan;
  const limits = { maxTokens, sampling, ...(nativeBudget !== undefined && { nativeBudget }) };
  const ask = (): Request => context.requests.ask(beginningOf(ready.prompt), limits);
  const first = ask();
  try {
    const thought = await thinkIn(context, ready, first);
    // a thought that a lost connection ended goes on in the one continuation there is
    const mayContinue = thought.endedBy !== 'server' || first.reading.end?.kind !== 'lost';
    return { ready, thought, first, mayContinue };
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
    // it broke before the model had said whether it thinks: a marker's worth of tokens, so begin anew
    const second = ask();
    const thought = await thinkIn(context, ready, second).catch((again: unknown) => {
      throw again instanceof ConnectionLostError ? brokeTwice(again) : again;
    });
    return { ready, thought, first: second, mayContinue: false };
  }
}

async function thinkIn(
  { deadline, progress, trust }: Context,
  { facts, prompt, plan }: Ready,
  request: Request,
): Promise<Thought> {
  const opensUnseen = prompt.turn?.thinking === true && trust.opensUnseen(facts.server);
  const thought = await think({
    reading: request.reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    opensUnseen,
    deadline,
    askedAt: request.askedAt,
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
  if (opensUnseen && thought.endedBy === 'none') trust.sawOpening(facts.server, 'none');
  return thought;
}

/** It says that it does not take the request as it is. */
function isRefusal(error: unknown): error is EngineHttpError {
  return error instanceof EngineHttpError && (error.status === 400 || error.status === 422);
}

/** The first half of a run: render, choose, plan, and think. */
import { ConnectionLostError, FactsChangedError, type Load } from '../engine/engine.ts';
import { EngineHttpError, toSentence } from '../errors.ts';
import { brokeTwice } from './breaks.ts';
import type { Context, Ready } from './context.ts';
import { chooseMechanism } from './mechanism.ts';
import { proveNative } from './native-proof.ts';
import { plan as toPlan, type Plan } from './plan.ts';
import type { Request } from './requests.ts';
import { overran, think, type Thought } from './think.ts';

/** The first request, and what was thought in it. */
export type Begun = {
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
  /** no connection has broken yet */
  readonly mayContinue: boolean;
  /** while nothing is known of how a cut is taken: the server's figures before the first request, where it has any */
  readonly loadBefore: Promise<Load | undefined> | undefined;
};

/** `again`: the engine has said once that what it had told of itself does not hold. */
export async function begin(context: Context, again = false): Promise<Begun> {
  const { trust, requests } = context;
  const { ready, before } = await prepare(context);
  const { server } = ready.facts;
  try {
    const begun = {
      ...(await thinkFirst(context, ready)),
      loadBefore: isUnproven(context, ready) ? before : undefined,
    };
    const verdict = nativeVerdict(ready.plan, begun.thought);
    if (verdict === true) trust.hold(server, 'native');
    if (verdict === false) trust.fail(server, 'native', 'the server thought on beyond the budget that it was given');
    return begun;
  } catch (error) {
    // no token came of it: as if it had not been asked
    if (error instanceof FactsChangedError && !again) {
      requests.all.length = 0;
      return begin(context, true);
    }
    if (ready.plan.mechanism !== 'native' || !isRefusal(error)) throw error;
    trust.fail(server, 'native', `the server refused its budget field: ${toSentence(error)}`);
    requests.all.length = 0;
    return begin(context, again);
  }
}

function isUnproven({ trust }: Context, { plan, facts }: Ready): boolean {
  return plan.mechanism === 'stream' && trust.verdict(facts.server, 'stream') === undefined;
}

async function figures({ engine, inTime }: Context): Promise<Load | undefined> {
  return engine.load?.({ signal: inTime }).catch(() => undefined);
}

/** Everything before the first token. */
async function prepare(
  context: Context,
): Promise<{ readonly ready: Ready; readonly before: Promise<Load | undefined> | undefined }> {
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
  const before = trust.verdict(facts.server, 'stream') === undefined ? figures(context) : undefined;
  const prompt = await engine.render(question, budget > 0, call);
  const promptTokens = prompt.turn?.tokens ?? prompt.ids.length;
  const prove = () => proveNative(context, facts);
  const choice = await chooseMechanism({ facts, promptTokens, budget, forced, trust, proveNative: prove });
  const warnings = [...(prompt.warnings ?? []), ...choice.warnings];
  return { ready: { facts, prompt, plan: toPlan(question, facts, prompt, choice.mechanism), warnings }, before };
}

async function thinkFirst(context: Context, ready: Ready): Promise<Omit<Begun, 'loadBefore'>> {
  const { maxTokens, sampling, nativeBudget } = ready.plan;
  const limits = { maxTokens, sampling, ...(nativeBudget !== undefined && { nativeBudget }) };
  const ask = (): Request => context.requests.ask(ready.prompt.turn ?? ready.prompt.ids, limits);
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

function thinkIn({ deadline, progress }: Context, { facts, prompt, plan }: Ready, request: Request): Promise<Thought> {
  return think({
    reading: request.reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    deadline,
    askedAt: request.askedAt,
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
}

/** Whether the server held its own budget; undefined where the thinking did not get that far. */
function nativeVerdict({ mechanism }: Plan, thought: Thought): boolean | undefined {
  if (mechanism !== 'native' || thought.endedBy !== 'budget') return undefined;
  return !overran(mechanism, thought);
}

/** It says that it does not take the request as it is. */
function isRefusal(error: unknown): error is EngineHttpError {
  return error instanceof EngineHttpError && (error.status === 400 || error.status === 422);
}

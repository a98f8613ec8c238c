/** The first half of a run: open a session, render, choose, plan, and think. */
import { deadline as toDeadline } from '../budget/deadline.ts';
import { chooseMechanism, MECHANISMS } from '../budget/mechanism.ts';
import { plan as toPlan, roomFor } from '../budget/plan.ts';
import type { Ready, Thought } from '../budget/story.ts';
import { think } from '../budget/think.ts';
import { ConnectionLostError, EndpointGoneError } from '../engine/engine.ts';
import { ContextOverflowError, EngineHttpError } from '../errors.ts';
import { learnFromThought, readFigures } from '../evidence/learn.ts';
import type { Question } from '../prompt/question.ts';
import type { Request } from '../stream/requests.ts';
import { openOptions, type Begun, type Context, type Opened } from './context.ts';

/** Known facts are used at once. If what they led to shows that they are old, they are asked for again, once. */
export async function begin(context: Context): Promise<Begun> {
  context.progress?.({ phase: 'waiting', thinkingTokens: 0, answerTokens: 0 });
  context.inTime.throwIfAborted();
  const opened = await open(context, false);
  try {
    return await beginIn(context, opened);
  } catch (error) {
    opened.stay.leave();
    if (!isOutdated(error)) throw error;
  }
  const again = await open(context, true);
  try {
    return await beginIn(context, again);
  } catch (error) {
    again.stay.leave();
    throw error;
  }
}

/** The server may have been restarted with another window or model, or behind another gateway. */
function isOutdated(error: unknown): boolean {
  if (error instanceof EndpointGoneError || error instanceof ContextOverflowError) return true;
  return error instanceof EngineHttpError && error.status === 404;
}

async function open(context: Context, fresh: boolean): Promise<Opened> {
  const { engine, clock, startedAt, question, requests, inTime } = context;
  const session = await engine.open(openOptions(context, fresh));
  const evidence = context.evidence.of(session.facts.server);
  return {
    session,
    evidence,
    deadline: toDeadline(startedAt, question.maxSeconds, evidence.pace),
    stay: evidence.enter(),
    figures: readFigures({ session, evidence, requests, inTime, clock }),
  };
}

async function beginIn(context: Context, opened: Opened): Promise<Begun> {
  const { clock, requests } = context;
  const { evidence } = opened;
  const ready = await prepare(context, opened);
  try {
    const begun = { ...opened, ready, ...(await thinkFirst(context, opened, ready)) };
    learnFromThought(evidence, ready, begun.thought, clock.now());
    return begun;
  } catch (error) {
    const [request] = requests.all;
    if (request === undefined || request.reading.trail.tokens > 0) throw error;
    // no token came of it: as if it had not been made
    if (error instanceof EndpointGoneError) requests.drop(request);
    if (!MECHANISMS[ready.plan.mechanism].isServers || !isRefusal(error)) throw error;
    requests.drop(request);
    evidence.fail('native', `the server refused its budget field: ${error.message}`, clock.now());
    return beginIn(context, opened);
  }
}

/** Everything before the first token. */
async function prepare(context: Context, opened: Opened): Promise<Ready> {
  const { clock, mechanism: forced, inTime } = context;
  const { session, evidence } = opened;
  const { facts } = session;
  const { question, warnings } = withinTime(context, opened);
  const { tokens: budget } = question.thinkingBudget;
  const prompt = await session.render(question, { thinking: budget > 0, room: roomFor(question), signal: inTime });
  const known = evidence.known(clock.now());
  const choice = chooseMechanism({ facts, promptTokens: prompt.beginning.promptTokens, budget, forced, known });
  return {
    facts,
    prompt,
    plan: toPlan(question, facts, prompt, choice.mechanism),
    prove: choice.prove,
    warnings: [...warnings, ...(prompt.warnings ?? []), ...choice.warnings],
  };
}

/** A call that waited so long that only its answer's share of the time is left answers without thinking. */
function withinTime(
  { question, clock, startedAt }: Context,
  { deadline }: Opened,
): { readonly question: Question; readonly warnings: readonly string[] } {
  const now = clock.now();
  const { tokens } = question.thinkingBudget;
  if (tokens === 0 || deadline.leavesTimeToThink(now)) return { question, warnings: [] };
  const waited = ((now - startedAt) / 1000).toFixed(1);
  return {
    question: { ...question, thinkingBudget: { ...question.thinkingBudget, tokens: 0 } },
    warnings: [
      `thinking was switched off: the call had waited for ${waited} of ${question.maxSeconds} seconds, and the rest is for the answer`,
    ],
  };
}

async function thinkFirst(
  context: Context,
  opened: Opened,
  ready: Ready,
): Promise<{ readonly thought: Thought; readonly first: Request }> {
  const { requests } = context;
  const { maxTokens, sampling, nativeBudget } = ready.plan;
  const limits = { maxTokens, sampling, ...(nativeBudget !== undefined && { nativeBudget }) };
  const ask = (): Request => requests.open(opened.session, ready.prompt.beginning, limits);
  const first = ask();
  try {
    const thought = await thinkIn(context, opened, ready, first);
    // thinking that a lost connection ended is closed and answered from
    if (thought.endedBy === 'server' && first.reading.end?.kind === 'lost') requests.breaks(first.reading.end.cause);
    return { thought, first };
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
    // it broke before the model had shown whether it thinks: a marker's worth of tokens, so it begins anew
    requests.breaks(error);
    const second = ask();
    const thought = await thinkIn(context, opened, ready, second).catch((again: unknown) => {
      if (again instanceof ConnectionLostError) requests.breaks(again);
      throw again;
    });
    if (thought.endedBy === 'server' && second.reading.end?.kind === 'lost') requests.breaks(second.reading.end.cause);
    return { thought, first: second };
  }
}

async function thinkIn(
  { progress }: Context,
  { evidence, deadline }: Opened,
  { facts, prompt, plan }: Ready,
  { reading, askedAt }: Request,
): Promise<Thought> {
  const opensUnseen = prompt.thinking === 'hidden' && plan.mechanism !== 'off' && evidence.opensUnseen;
  const thought = await think({
    reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    opensUnseen,
    deadline,
    askedAt,
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
  if (opensUnseen && thought.endedBy === 'none') evidence.opensUnseen = false;
  return thought;
}

/** It says that it does not accept the request as it is. */
function isRefusal(error: unknown): error is EngineHttpError {
  return error instanceof EngineHttpError && (error.status === 400 || error.status === 422);
}

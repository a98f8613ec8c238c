/** The first half of a run: opens a session, renders, chooses a mechanism, plans, and reads the thinking. */
import { Deadline } from '../budget/deadline.ts';
import { chooseMechanism, MECHANISMS } from '../budget/mechanism.ts';
import { roomFor } from '../budget/plan.ts';
import { loopRule, sureRule } from '../budget/stop-rules.ts';
import type { Ready, Thought } from '../budget/values.ts';
import { think } from '../budget/think.ts';
import { ConnectionLostError, EndpointGoneError, type Facts } from '../engine/engine.ts';
import { ContextOverflowError, EngineHttpError, EngineTimeoutError, ThinkmeterError } from '../errors.ts';
import { learnFromLate, learnFromThought, readFigures } from '../evidence/learn.ts';
import type { Question } from '../prompt/question.ts';
import type { Request } from '../stream/requests.ts';
import { aboutRequests, openOptions, type Begun, type Context, type Opened } from './context.ts';
import { promptFor } from './resume.ts';
import { afterRefusal, planAgain } from './server-count.ts';

/** Uses the known facts at once. If an error shows that they are outdated, probes the server again, once. */
export async function begin(context: Context): Promise<Begun> {
  context.progress?.({ phase: 'waiting', thinkingTokens: 0, answerTokens: 0 });
  context.inTime.throwIfAborted();
  const opened = await open(context, false);
  try {
    return await beginOrLeave(context, opened);
  } catch (error) {
    if (!isOutdated(error)) throw error;
  }
  return beginOrLeave(context, await open(context, true));
}

async function beginOrLeave(context: Context, opened: Opened): Promise<Begun> {
  try {
    return await beginIn(context, opened);
  } catch (error) {
    opened.activity.end();
    if (context.clock.now() >= opened.deadline.at) learnFromLate({ ...opened, ...aboutRequests(context) });
    throw error;
  }
}

/** Errors that a restart of the server explains: with another window or model, or behind another gateway. */
function isOutdated(error: unknown): boolean {
  if (error instanceof EndpointGoneError) return true;
  // the server's own numbers are not outdated
  if (error instanceof ContextOverflowError) return error.counted === undefined;
  return error instanceof EngineHttpError && error.status === 404;
}

async function open(context: Context, fresh: boolean): Promise<Opened> {
  const { engine, clock, startedAt, question, requests, inTime, signal, closing, turnEnds } = context;
  const session = await engine.open(openOptions(context, fresh)).catch((error: unknown) => {
    const isUnexplained = inTime.aborted && !signal.aborted && !(error instanceof ThinkmeterError);
    throw isUnexplained ? silentWhileOpening(error) : error;
  });
  const evidence = context.evidence.of(session.facts.server);
  const pace = evidence.speed.pace(question, clock.now());
  return {
    session,
    evidence,
    deadline: new Deadline({ startedAt, maxSeconds: question.maxSeconds, closing, turnEnds, pace }),
    activity: evidence.begin(),
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
    // the request yielded no token: the run repeats it and does not count it
    if (error instanceof EndpointGoneError) requests.drop(request);
    if (error instanceof ContextOverflowError && error.counted !== undefined) {
      const { counted } = error;
      opened.session.learnWindow?.(counted.window);
      requests.drop(request);
      return beginIn(context, { ...opened, refused: afterRefusal(opened.refused, error, counted) });
    }
    if (!MECHANISMS[ready.plan.mechanism].isServers || !isRefusal(error)) throw error;
    requests.drop(request);
    evidence.fail('native', `the server refused its budget field: ${error.message}`, clock.now());
    return beginIn(context, opened);
  }
}

/** Everything before the first token. */
async function prepare(context: Context, opened: Opened): Promise<Ready> {
  const { clock, mechanism: forced, inTime } = context;
  const { session, evidence, refused } = opened;
  const facts = refused === undefined ? session.facts : { ...session.facts, window: refused.counted.window };
  const { question, warnings } = withinTime(context, opened);
  const early = earlyStopWith(facts, question);
  const { tokens: budget } = question.thinkingBudget;
  const room = roomFor(question);
  const { prompt, reusedTokens, warnings: resumed } = await promptFor({ session, question, room, signal: inTime });
  const known = evidence.known(clock.now());
  const choice = chooseMechanism({ facts, promptTokens: prompt.beginning.promptTokens, budget, forced, known });
  const plan = planAgain(question, facts, prompt, { mechanism: choice.mechanism, refused });
  return {
    facts,
    prompt,
    plan,
    plannedTokens: opened.deadline.plannedTokens(clock.now(), plan.thinkingTokens, plan.answerTokens),
    reusedTokens,
    prove: choice.prove,
    ...(early.threshold !== undefined && { sureBelow: early.threshold }),
    warnings: [...warnings, ...early.warnings, ...resumed, ...(prompt.warnings ?? []), ...choice.warnings],
  };
}

/**
 * If the call has waited until only the answer's share of the time is left, switches thinking off.
 * @throws {EngineTimeoutError} if this server has never answered in so short a time
 */
function withinTime(
  { question, clock, startedAt }: Context,
  { deadline }: Opened,
): { readonly question: Question; readonly warnings: readonly string[] } {
  const now = clock.now();
  const left = deadline.at - now;
  if (left < deadline.leastMs) throw noTime(left, deadline.leastMs);
  const { tokens } = question.thinkingBudget;
  const short = tokens === 0 ? undefined : deadline.leavesNoThinking(now, question.answerTokens.tokens);
  if (short === undefined) return { question, warnings: [] };
  const [waited, all] = [now - startedAt, deadline.at - startedAt].map((ms) => (ms / 1000).toFixed(1));
  const why =
    short === 'its own time'
      ? `${waited} of ${all} seconds had passed, and the answer needs the rest`
      : 'other calls wait for their turn; raise max_seconds, or make fewer calls at a time';
  return {
    question: { ...question, thinkingBudget: { ...question.thinkingBudget, tokens: 0 } },
    warnings: [`thinking was switched off: ${why}`],
  };
}

type EarlyStop = { readonly threshold?: number; readonly warnings: readonly string[] };

/** What of the question's early stop can be used with this model. */
function earlyStopWith(facts: Facts, { earlyStop }: Question): EarlyStop {
  if (earlyStop === undefined) return { warnings: [] };
  const { threshold, model = facts.model } = earlyStop;
  if (facts.margins === undefined)
    return { warnings: ['this server reports no log-probabilities, so the thinking was not ended early'] };
  if (model !== facts.model)
    return { warnings: [`early_stop was calibrated with ${model}, so the thinking was not ended early`] };
  return { threshold, warnings: [] };
}

function noTime(left: number, least: number): EngineTimeoutError {
  const [has, needs] = [left, least].map((ms) =>
    ms < 1000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`,
  );
  return new EngineTimeoutError(
    `${has} of the time of this call is left, and the first token of this server takes at least ${needs} now`,
    { hint: 'raise max_seconds, or check whether the server is busy' },
  );
}

function silentWhileOpening(cause: unknown): EngineTimeoutError {
  return new EngineTimeoutError(
    'max_seconds passed while the model was being loaded or the server was asked what it serves',
    {
      hint: 'check with thinkmeter doctor whether the server answers, or raise max_seconds',
      cause,
    },
  );
}

type First = { readonly thought: Thought; readonly first: Request };

async function thinkFirst(context: Context, opened: Opened, ready: Ready): Promise<First> {
  const { requests } = context;
  const { maxTokens, sampling, nativeBudget } = ready.plan;
  const limits = {
    maxTokens,
    sampling,
    ...(nativeBudget !== undefined && { nativeBudget }),
    ...(ready.sureBelow !== undefined && { margins: true }),
  };
  const request = async (): Promise<First> => {
    const first = requests.open(opened.session, ready.prompt.beginning, limits);
    context.onFirst(ready, first);
    const thought = await thinkIn(context, opened, ready, first);
    // if a lost connection ended the thinking, the run closes it and continues with the answer
    if (thought.endedBy === 'server' && first.reading.end?.kind === 'lost')
      await requests.breaks(first.reading.end.cause);
    return { thought, first };
  };
  for (;;) {
    // oxlint-disable no-await-in-loop -- each request takes the place of the one before it
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      // the stream broke before it showed whether the model thinks: it lost a few tokens at most, so the run restarts it
      await requests.breaks(error);
    }
    // oxlint-enable no-await-in-loop
  }
}

async function thinkIn(
  { progress }: Context,
  { evidence, deadline }: Opened,
  { facts, prompt, plan, sureBelow }: Ready,
  { reading, askedAt }: Request,
): Promise<Thought> {
  const opensHidden = prompt.thinking === 'hidden' && plan.mechanism !== 'off' && evidence.opensHidden;
  const thought = await think({
    reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    opensHidden,
    deadline,
    askedAt,
    stopRules: [loopRule(), ...(sureBelow === undefined ? [] : [sureRule(sureBelow)])],
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
  if (opensHidden && thought.endedBy === 'none') evidence.opensHidden = false;
  return thought;
}

/** The server rejects the content of the request. */
function isRefusal(error: unknown): error is EngineHttpError {
  return error instanceof EngineHttpError && (error.status === 400 || error.status === 422);
}

/**
 * One budgeted run: render, plan, think, cut, answer. One request where thinking closes by itself, two where it is
 * cut, and one more where a connection broke. What follows a cut begins with the very token ids received.
 */
import type { Engine } from '../engine/engine.ts';
import { CancelledError, EngineTimeoutError, ThinkmeterError } from '../errors.ts';
import type { Question } from '../prompt/question.ts';
import { begin, type Begun } from './begin.ts';
import type { Context, RunOptions } from './context.ts';
import { deadline as toDeadline } from './deadline.ts';
import { finish } from './finish.ts';
import { toOutcome, type Outcome } from './outcome.ts';
import { Requests } from './requests.ts';
import { cameAtOnce, flowed, HELD_BACK, proveStream } from './stream-proof.ts';
import type { Thought } from './think.ts';
import type { Trust } from './trust.ts';

/** @throws {ThinkmeterError} with `partial` set: what had been received, and paid for */
export async function run(question: Question, engine: Engine, options: RunOptions): Promise<Outcome> {
  const { runId, clock, startedAt, signal } = options;
  const deadline = toDeadline(startedAt, question.maxSeconds);
  const late = new AbortController();
  const silence = deadline.at === Infinity ? undefined : clock.timer(deadline.at - clock.now(), () => late.abort());
  const inTime = AbortSignal.any([signal, late.signal]);
  const requests = new Requests(engine, { signal, inTime, clock });
  const context: Context = { ...options, question, engine, deadline, inTime, requests };
  let thought: Thought | undefined;
  try {
    const begun = await begin(context);
    thought = begun.thought;
    const answer = await finish(context, begun);
    signal.throwIfAborted();
    const { ready } = begun;
    const now = clock.now();
    const learnt = await learn(context, begun);
    const warnings = [...(question.warnings ?? []), ...ready.warnings, ...learnt];
    const outcome = toOutcome({
      ...ready,
      runId,
      startedAt,
      now,
      thought,
      answer,
      requests: requests.all,
      warnings,
    });
    timePrompt(options.trust, begun);
    // where tokens can only be counted at the end, an overrun shows here
    if (ready.plan.mechanism === 'native' && !outcome.honored) {
      options.trust.fail(ready.facts.server, 'native', 'the server thought on beyond the budget that it was given');
    }
    return outcome;
  } catch (error) {
    if (signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
    const fault = late.signal.aborted && !(error instanceof ThinkmeterError) ? tooLate(error) : error;
    if (fault instanceof ThinkmeterError) fault.partial ??= toPartial(runId, thought, requests);
    throw fault;
  } finally {
    silence?.();
    requests.stop();
  }
}

/** A short prompt's time is that of the road; fewer tokens do not make a speed. */
const LEAST_TIMED = { prompt: 256, generated: 16 } as const;

function timePrompt(trust: Trust, { ready, first }: Begun): void {
  const { reading, askedAt, promptTokens } = first;
  const { firstTokenAt, lastTokenAt, trail } = reading;
  if (firstTokenAt === undefined || lastTokenAt === undefined || cameAtOnce(first)) return;
  if (promptTokens < LEAST_TIMED.prompt || trail.tokens < LEAST_TIMED.generated || lastTokenAt === firstTokenAt) return;
  const msPerToken = (lastTokenAt - firstTokenAt) / (trail.tokens - 1);
  trust.timed(ready.facts.server, (firstTokenAt - askedAt) / promptTokens / msPerToken);
}

/** What the run has shown of the way to the server, while that is not known; for the caller what is worth a word. */
async function learn(context: Context, { ready, thought, loadBefore }: Begun): Promise<string[]> {
  const { trust, requests } = context;
  const { server } = ready.facts;
  if (loadBefore === undefined) return [];
  if (requests.all.some(cameAtOnce)) {
    trust.suspect(server, 'stream', HELD_BACK);
    return [`${HELD_BACK}, so a cut saves no tokens; where it is nginx, set proxy_buffering off`];
  }
  if (requests.all.some(flowed)) trust.clear();
  const verdict = await proveStream(context, { thought, requests: requests.all, before: await loadBefore });
  if (verdict?.held === true) trust.hold(server, 'stream');
  if (verdict?.held !== false) return [];
  trust.fail(server, 'stream', verdict.why);
  return [`${verdict.why}, so a cut saves no tokens: from now on the first request is capped`];
}

function tooLate(cause: unknown): EngineTimeoutError {
  return new EngineTimeoutError('the time was over before the answer could be asked for', {
    hint: 'raise max_seconds',
    cause,
  });
}

function toPartial(
  runId: string,
  thought: Thought | undefined,
  { all }: Requests,
): NonNullable<ThinkmeterError['partial']> {
  const trail = all[0]?.reading.trail;
  return {
    runId,
    thinkingTokens: thought?.tokens ?? trail?.tokens ?? 0,
    reasoning: thought?.text ?? trail?.since(0) ?? '',
  };
}

/** Everything that is known of a run when it is over, put together from what happened. */
import { EngineTimeoutError, NoAnswerError, type ThinkmeterError } from '../errors.ts';
import type { CountedBy, Facts } from '../engine/engine.ts';
import { unopenedEnd, withoutMarkers } from '../stream/marker.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst } from '../stream/speed.ts';
import type { Answer, AnswerPart } from './answer.ts';
import { toCounts, type Counts } from './counts.ts';
import type { Mechanism } from './mechanism.ts';
import type { Plan } from './plan.ts';
import type { ThinkingEnd, Thought } from './story.ts';
import { overran } from './think.ts';

export type AnswerEnd = 'stop' | 'length' | 'deadline';

/** Milliseconds since the tool was called. */
export type Timing = {
  readonly firstTokenMs: number;
  readonly firstAnswerTokenMs: number;
  readonly totalMs: number;
  /** while tokens were coming */
  readonly tokensPerSecond: number;
};

export type Outcome = {
  readonly runId: string;
  readonly model: string;
  readonly budget: number;
  readonly mechanism: Mechanism;
  /** the mechanism held: false where a server overran, even if the cut was then ours */
  readonly honored: boolean;
  readonly thinkingEndedBy: ThinkingEnd;
  readonly reasoning: string;
  readonly answer: string;
  readonly answerEndedBy: AnswerEnd;
  readonly counts: Counts;
  readonly countedBy: CountedBy;
  readonly requests: number;
  readonly timing: Timing;
  /** of the first stream: chunks with tokens, and how many times such came */
  readonly flow: { readonly chunks: number; readonly arrivals: number };
  readonly warnings: readonly string[];
};

/** What happened. Times are on the run's clock. */
type Story = {
  readonly runId: string;
  readonly startedAt: number;
  readonly now: number;
  readonly facts: Facts;
  readonly plan: Plan;
  readonly thought: Thought;
  /** the request that the thinking was read from */
  readonly first: Request;
  readonly answer: Answer;
  readonly requests: readonly Request[];
  /** of the question, of the choice of a mechanism, and of how the streams came */
  readonly warnings: readonly string[];
};

/** @throws {ThinkmeterError} when there is no answer: never an empty success */
export function toOutcome(story: Story): Outcome {
  const { facts, plan, thought, requests } = story;
  const { parts } = story.answer;
  const last = parts.at(-1);
  const said = parts.map(({ text }) => text).join('');
  const again = thoughtAgain(said, facts.family, story.answer.isFromHiddenPrompt);
  const answer = bareAnswer(said.slice(again.length), facts.family, thought);
  if (answer === '') throw nothingSaid(last, thought, plan);
  const { countedBy, ...counts } = toCounts(story);
  return {
    runId: story.runId,
    model: facts.model,
    budget: plan.thinkingTokens,
    mechanism: plan.mechanism,
    honored:
      counts.thinking <= plan.thinkingTokens && !overran(plan.mechanism, thought) && !thoughtUnasked(plan, thought),
    thinkingEndedBy: plan.mechanism === 'off' && thought.endedBy === 'none' ? 'off' : thought.endedBy,
    reasoning: thought.text,
    answer,
    answerEndedBy: last?.endedBy === 'stop' || last?.endedBy === 'deadline' ? last.endedBy : 'length',
    counts,
    countedBy,
    requests: requests.length,
    timing: toTiming(story),
    flow: story.first.reading.flow,
    warnings: [
      ...story.warnings,
      ...plan.warnings,
      ...remarks(thought, last, plan),
      ...(again === '' ? [] : [THOUGHT_AGAIN]),
    ],
  };
}

/** Without markers around it; but one that the model wrote after it had closed its thinking is all that it says. */
function bareAnswer(text: string, { startMarker, endMarker }: Facts['family'], { endedBy }: Thought): string {
  const isMarker = endedBy === 'model' && text.trim() === endMarker;
  return isMarker ? endMarker : withoutMarkers(text, [startMarker, endMarker]);
}

const THOUGHT_AGAIN = 'the model thought again in its answer: that is left out, but counted in answer_tokens';

/**
 * A thought at the beginning of an answer, up to and with its end marker; empty where there is none. Where a request was
 * made for the answer alone, by messages, the prompt may have opened it.
 */
function thoughtAgain(said: string, family: Facts['family'], byItself: boolean): string {
  const { startMarker, endMarker } = family;
  const end = said.indexOf(endMarker);
  if (end !== -1 && said.trimStart().startsWith(startMarker)) return said.slice(0, end + endMarker.length);
  const ends = byItself ? (unopenedEnd(said, family)?.ends ?? 0) : 0;
  return said.slice(ends).trim() === '' ? '' : said.slice(0, ends);
}

function toTiming({ startedAt, now, answer, requests }: Story): Timing {
  const firstAnswerTokenAt = answer.parts.find((part) => part.firstTokenAt !== undefined)?.firstTokenAt;
  const readings = requests.map(({ reading }) => reading);
  const firstTokenAt = readings.find((reading) => reading.firstTokenAt !== undefined)?.firstTokenAt;
  const { tokens, ms } = afterFirst(readings);
  return {
    firstTokenMs: (firstTokenAt ?? now) - startedAt,
    firstAnswerTokenMs: (firstAnswerTokenAt ?? now) - startedAt,
    totalMs: now - startedAt,
    tokensPerSecond: ms > 0 ? (tokens * 1000) / ms : 0,
  };
}

/** What the caller should know of how it went. */
function remarks(thought: Thought, last: AnswerPart | undefined, { mechanism, thinkingTokens }: Plan): string[] {
  return [
    ...(overran(mechanism, thought)
      ? [
          `the server did not hold its own budget of ${thinkingTokens} tokens: thinkmeter cut the thinking, and does so itself from now on`,
        ]
      : []),
    ...(thoughtUnasked({ mechanism }, thought)
      ? ['the server thought although thinking was switched off: its template or its parser does not know the switch']
      : []),
    ...(thought.endedBy === 'deadline'
      ? [`max_seconds, not the thinking budget of ${thinkingTokens}, ended the thinking`]
      : []),
    ...(thought.endedBy === 'server'
      ? ['the server ended the thinking before the budget did; the answer was asked for all the same']
      : []),
    ...(last?.endedBy === 'server' ? ['the server ended the answer before answer_tokens did'] : []),
  ];
}

/** Thinking was switched off, and the model thought all the same. */
function thoughtUnasked({ mechanism }: Pick<Plan, 'mechanism'>, { endedBy }: Thought): boolean {
  return mechanism === 'off' && endedBy !== 'off' && endedBy !== 'none';
}

function nothingSaid(last: AnswerPart | undefined, thought: Thought, { thinkingTokens }: Plan): ThinkmeterError {
  if (last?.endedBy === 'deadline') {
    return new EngineTimeoutError('the time was over before the answer had a word', {
      hint: 'raise max_seconds or lower thinking_budget',
    });
  }
  return new NoAnswerError(
    `the model ended its turn without an answer, after ${thought.tokens} thinking tokens of ${thinkingTokens}`,
    { hint: 'ask again, with another thinking_budget' },
  );
}

/** Assembles the outcome of a run from the results of its steps. */
import { EngineTimeoutError, NoAnswerError, type ThinkmeterError } from '../errors.ts';
import type { CountedBy, Facts, Prompt } from '../engine/engine.ts';
import type { Earlier } from '../prompt/question.ts';
import { beginningOf, unopenedEnd, withoutMarkers, withoutStrayEnds } from '../stream/marker.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst } from '../stream/speed.ts';
import { withoutStrayTokens } from '../stream/stray-tokens.ts';
import type { Answer, AnswerPart } from './answer.ts';
import { sum, toCounts, type Counts } from './counts.ts';
import type { Deadline } from './deadline.ts';
import type { Mechanism } from './mechanism.ts';
import type { Plan } from './plan.ts';
import type { ThinkingEnd, Thought } from './values.ts';
import { overran } from './think.ts';

export type AnswerEnd = 'stop' | 'length' | 'deadline';

/** Milliseconds since the tool was called. */
export type Timing = {
  readonly firstTokenMs: number;
  readonly firstAnswerTokenMs: number;
  readonly totalMs: number;
  /** over the time in which tokens arrived, without first-token times */
  readonly tokensPerSecond: number;
  /** the thinking tokens that the budget, and the time at the speed measured before, allowed */
  readonly plannedThinkingTokens: number;
  /** the time limit of the call; undefined: none */
  readonly deadlineMs: number | undefined;
};

export type Outcome = {
  readonly runId: string;
  readonly model: string;
  readonly budget: number;
  readonly mechanism: Mechanism;
  /** the mechanism worked: false if the server overran its own budget, even if thinkmeter then cut the thinking */
  readonly honored: boolean;
  readonly thinkingEndedBy: ThinkingEnd;
  /** of an earlier run that this one continued, and its own */
  readonly reasoning: string;
  /** thinking tokens of an earlier run that were not generated again; undefined: no run was continued */
  readonly reusedTokens: number | undefined;
  readonly answer: string;
  readonly answerEndedBy: AnswerEnd;
  readonly counts: Counts;
  readonly countedBy: CountedBy;
  readonly requests: number;
  /** in the unit of the operator's prices; absent: there are none */
  readonly cost?: number;
  readonly timing: Timing;
  /** of the first stream: chunks with tokens, and the number of separate arrivals of such chunks */
  readonly flow: { readonly chunks: number; readonly arrivals: number };
  readonly warnings: readonly string[];
};

/** The results of the steps of a run. Times are on the run's clock. */
type Story = {
  readonly runId: string;
  readonly startedAt: number;
  readonly deadline: Deadline;
  /** thinking tokens that the time was expected to allow */
  readonly plannedTokens: number;
  /** the thinking that the question continues, and how many of its tokens the prompt contains */
  readonly earlier: Earlier | undefined;
  readonly reusedTokens: number;
  readonly now: number;
  readonly facts: Facts;
  readonly prompt: Pick<Prompt, 'thinking'>;
  readonly plan: Plan;
  readonly thought: Thought;
  /** the request from which the thinking was read */
  readonly first: Request;
  readonly answer: Answer;
  readonly requests: readonly Request[];
  /** from the question, the choice of a mechanism, and the arrival of the streams */
  readonly warnings: readonly string[];
};

/** @throws {ThinkmeterError} if the answer is empty: a result without an answer would look like a success */
export function toOutcome(story: Story): Outcome {
  const { facts, plan, thought, requests } = story;
  const { parts } = story.answer;
  const last = parts.at(-1);
  const said = parts.map(({ text }) => text).join('');
  const repeated = repeatedThinking(said, story);
  const { text, tokens: strays } = cleaned(bareAnswer(said.slice(repeated.length), story), facts.family);
  const answer = text === '' ? onlyMarkers(story) : text;
  if (answer === '') throw noAnswer(last, story);
  const { countedBy, ...counts } = toCounts(story);
  return {
    runId: story.runId,
    model: facts.model,
    budget: plan.thinkingTokens,
    mechanism: plan.mechanism,
    honored:
      counts.thinking <= plan.thinkingTokens &&
      !overran(plan.mechanism, thought) &&
      !ignoredSwitch(plan, thought) &&
      strays.length === 0,
    thinkingEndedBy: plan.mechanism === 'off' && thought.endedBy === 'none' ? 'off' : thought.endedBy,
    reasoning: (story.earlier?.text ?? '') + thought.text,
    reusedTokens: story.earlier === undefined ? undefined : story.reusedTokens,
    answer,
    answerEndedBy: last?.endedBy === 'stop' || last?.endedBy === 'deadline' ? last.endedBy : 'length',
    counts,
    countedBy,
    requests: sum(requests, ({ connections }) => connections.beginnings.length),
    timing: toTiming(story),
    flow: story.first.reading.flow,
    warnings: [
      ...story.warnings,
      ...plan.warnings,
      ...warningsOf(story, last),
      ...familyWarnings(story, strays),
      ...(repeated === '' || text === '' ? [] : [REPEATED_THINKING]),
    ],
  };
}

/**
 * The answer without markers around it. If nothing was thought in this run, or if the answer is nothing but markers after
 * thinking that the model closed, the answer may be about markers: it is kept (posit-dev/shinychat#235).
 */
function bareAnswer(text: string, { facts: { family }, thought: { endedBy } }: Story): string {
  const { startMarker, endMarker } = family;
  const own = withoutHeaders(text, family);
  if (endedBy === 'off' || endedBy === 'none') return withoutStrayEnds(own, endMarker);
  const bare = withoutMarkers(own, [startMarker, endMarker]);
  return bare === '' && endedBy === 'model' ? own.trim() : bare;
}

/**
 * The whole text, if the model wrote markers, no white space, and ended its turn: it was asked for a marker. A block that a
 * template or parser closes has white space in it. Otherwise empty.
 */
function onlyMarkers({ first: { reading }, facts: { family }, prompt }: Story): string {
  const { end, trail } = reading;
  const written = trail.since(0);
  const isWhole = end?.kind === 'finished' && end.reason.unified === 'stop' && prompt.thinking !== 'open';
  const isBare = !/\s/.test(written) && withoutMarkers(written, [family.startMarker, family.endMarker]) === '';
  return isWhole && isBare ? written : '';
}

/** The text of the first answer message, if the family writes several messages in a turn. */
function withoutHeaders(text: string, family: Facts['family']): string {
  const { header, endMarker } = family;
  if (header === undefined) return text;
  const begins = beginningOf(text, family);
  // a header that broke off has no text behind it
  if (begins.kind === 'undecided' && header.starts.some((start) => text.trimStart().startsWith(start))) return '';
  const own = begins.kind === 'answer' ? text.slice(begins.at) : text;
  const end = Math.min(...header.starts.map((start) => own.indexOf(endMarker + start)).filter((at) => at !== -1));
  return own.slice(0, end);
}

/** Control tokens of a family that thinkmeter knows are part of the answer only if the answer quotes them. */
function cleaned(answer: string, { name }: Facts['family']): ReturnType<typeof withoutStrayTokens> {
  return name.startsWith('unknown') ? withoutStrayTokens(answer) : { text: answer, tokens: [] };
}

const REPEATED_THINKING =
  'the model began its answer with more thinking: the answer omits that text, but answer_tokens counts it';

/**
 * Thinking at the beginning of an answer, including its end marker; empty if there is none. If the prompt of a request
 * made only for the answer was hidden, that prompt may have opened the thinking.
 */
function repeatedThinking(said: string, { facts: { family }, prompt, answer: { isFromHiddenPrompt } }: Story): string {
  const { startMarker, endMarker } = family;
  // behind thinking that the prompt has closed, the first words of the answer are the answer
  if (prompt.thinking === 'closed') return '';
  const end = said.indexOf(endMarker);
  if (said.trimStart().startsWith(startMarker)) {
    if (end !== -1) return said.slice(0, end + endMarker.length);
    if (isFromHiddenPrompt) return said;
  }
  const ends = isFromHiddenPrompt ? (unopenedEnd(said, family)?.ends ?? 0) : 0;
  return said.slice(ends).trim() === '' ? '' : said.slice(0, ends);
}

function toTiming({ startedAt, now, answer, requests, plan, deadline, plannedTokens }: Story): Timing {
  const firstAnswerTokenAt = answer.parts.find((part) => part.firstTokenAt !== undefined)?.firstTokenAt;
  const readings = requests.map(({ reading }) => reading);
  const firstTokenAt = readings.find((reading) => reading.firstTokenAt !== undefined)?.firstTokenAt;
  const { tokens, ms } = afterFirst(readings);
  return {
    firstTokenMs: (firstTokenAt ?? now) - startedAt,
    firstAnswerTokenMs: (firstAnswerTokenAt ?? now) - startedAt,
    totalMs: now - startedAt,
    tokensPerSecond: ms > 0 ? (tokens * 1000) / ms : 0,
    plannedThinkingTokens: Math.min(plannedTokens, plan.thinkingTokens),
    deadlineMs: deadline.at === Infinity ? undefined : deadline.at - startedAt,
  };
}

/** Warnings for the caller about the course of the run. */
function warningsOf({ thought, plan, deadline, requests }: Story, last: AnswerPart | undefined): string[] {
  const { mechanism, thinkingTokens } = plan;
  const breaks = sum(requests, ({ connections }) => connections.breaks);
  return [
    ...(breaks > 0
      ? [
          `the connection to the server broke ${breaks === 1 ? 'once' : `${breaks} times`}, and the run continued from the tokens received`,
        ]
      : []),
    ...(overran(mechanism, thought)
      ? [
          `the server exceeded its own budget of ${thinkingTokens} tokens: thinkmeter cut the thinking, and does so itself for the next ten minutes`,
        ]
      : []),
    ...(ignoredSwitch({ mechanism }, thought)
      ? ['the model generated thinking although thinking was switched off: the template or parser ignores the switch']
      : []),
    ...(thought.endedBy === 'deadline'
      ? [`${deadline.thinkingLimit.name}, not the thinking budget of ${thinkingTokens}, ended the thinking`]
      : []),
    ...(thought.endedBy === 'server'
      ? ['the server ended the thinking before the budget was used; the answer was requested nevertheless']
      : []),
    ...(thought.endedBy === 'loop'
      ? [`the thinking repeated itself, and was ended after ${thought.tokens} tokens`]
      : []),
    ...(last?.endedBy === 'server' ? ['the server ended the answer before answer_tokens were used'] : []),
  ];
}

/** Warnings for the caller about a model whose way of thinking is not known. */
function familyWarnings({ facts: { family }, thought, plan }: Story, strays: readonly string[]): string[] {
  if (strays.length > 0) {
    return [
      `the response contains control tokens that thinkmeter does not know in this model (${strays.slice(0, 5).join(', ')}): they were removed, and what the model thinks between such tokens is neither counted nor limited`,
    ];
  }
  return plan.mechanism !== 'off' && thought.endedBy === 'none' && family.switch.kind === 'absent'
    ? [
        `the model did not think: thinkmeter knows no switch that turns thinking on in this model (family ${family.name})`,
      ]
    : [];
}

/** The model generated thinking although thinking was switched off. */
function ignoredSwitch({ mechanism }: Pick<Plan, 'mechanism'>, { endedBy, text }: Thought): boolean {
  return mechanism === 'off' && endedBy !== 'off' && endedBy !== 'none' && text.trim() !== '';
}

function noAnswer(last: AnswerPart | undefined, { thought, plan, deadline: { limit } }: Story): ThinkmeterError {
  if (last?.endedBy === 'deadline') {
    return new EngineTimeoutError(`${limit.name} passed before the first word of the answer`, {
      hint: `${limit.fix} or lower thinking_budget`,
    });
  }
  if (last?.endedBy === 'length') {
    return new NoAnswerError('the model used all answer_tokens for more thinking, after its thinking was cut', {
      hint: 'raise thinking_budget and answer_tokens: this server does not let thinkmeter close the thinking',
    });
  }
  return new NoAnswerError(
    `the model ended its turn without an answer, after ${thought.tokens} of ${plan.thinkingTokens} thinking tokens`,
    { hint: 'call again with another thinking_budget' },
  );
}

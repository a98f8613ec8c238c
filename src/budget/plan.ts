/** Divides the model's window between thinking and answer before generation. Pure arithmetic. */
import type { Facts, Prompt } from '../engine/engine.ts';
import { ContextOverflowError, EngineUnsupportedError } from '../errors.ts';
import type { Sampling } from '../prompt/family.ts';
import type { Question } from '../prompt/question.ts';
import { MECHANISMS, type Mechanism } from './mechanism.ts';

/** Markers and closers for which a request needs room. If the model opens thinking itself, its start marker counts. */
const MARKERS: Record<Prompt['thinking'], number> = { closed: 0, open: 1, none: 2, hidden: 2 };

/** All in tokens. */
export type Plan = {
  readonly mechanism: Mechanism;
  /** the budget */
  readonly thinkingTokens: number;
  /** room for the closer, or for the markers that the model generates */
  readonly closerTokens: number;
  readonly answerTokens: number;
  /** how many tokens the first request may generate */
  readonly maxTokens: number;
  /** the budget that the server enforces, in its own counting; absent: thinkmeter enforces the budget */
  readonly nativeBudget?: number;
  /** a cut moves back to a line end within this distance of the budget, so that it does not split a line */
  readonly lineWindow: number;
  readonly sampling: Sampling;
  readonly warnings: readonly string[];
};

/** A default answer length is not lowered below this. */
export const LEAST_ANSWER = 32;
/** The budget is lowered first, but not below this while a default answer length can be lowered. */
const LEAST_THINKING = 16;

/** The cut moves back to a line end by at most this many tokens, or a quarter of the budget if that is less. */
const LINE_WINDOW = 32;

type PlannedFacts = Pick<Facts, 'window' | 'family' | 'closerTokens' | 'native' | 'dropsLongPrompts'>;

/** The least tokens that are left for a question whose limits are defaults: a bit of thinking, and a short answer. */
export function leastRoom({ thinkingBudget, answerTokens }: Pick<Question, 'thinkingBudget' | 'answerTokens'>): number {
  const answer = answerTokens.given ? answerTokens.tokens : Math.min(answerTokens.tokens, LEAST_ANSWER);
  return answer + Math.min(thinkingBudget.tokens, LEAST_THINKING);
}

/** Tokens that a question wants to generate after its prompt. */
export function roomFor({ thinkingBudget, answerTokens }: Pick<Question, 'thinkingBudget' | 'answerTokens'>): number {
  return thinkingBudget.tokens + answerTokens.tokens;
}

/**
 * Prompt P, budget N, closer K and answer A must fit the window C: P + N + K + A <= C. If they do not fit, the budget
 * is lowered first, with a warning, because it is only a cap. A default answer length is lowered next. An answer length
 * that the caller gave is kept or refused. A prompt that was only estimated is not refused: the estimate may be too high,
 * and a server that refuses the prompt reports its numbers.
 * @throws {ContextOverflowError} if prompt and answer leave no room, with the numbers
 * @throws {EngineUnsupportedError} if the rendered prompt does not switch thinking as requested
 */
export function plan(
  question: Pick<Question, 'thinkingBudget' | 'answerTokens'>,
  { window, family, closerTokens, native, dropsLongPrompts }: PlannedFacts,
  prompt: Pick<Prompt, 'beginning' | 'thinking' | 'opened'>,
  mechanism: Mechanism,
): Plan {
  const { thinkingBudget, answerTokens } = question;
  const { states, room: requested, sampling, isServers } = MECHANISMS[mechanism];
  if (!states.includes(prompt.thinking)) throw notAsAsked(sampling, prompt.thinking, family.name);
  const closer = MARKERS[prompt.thinking] * closerTokens;
  const { promptTokens } = prompt.beginning;
  const free = window - promptTokens - closer;
  const wanted = { thinking: thinkingBudget.tokens, answer: answerTokens.tokens };
  const leastAnswer = answerTokens.given ? wanted.answer : Math.min(wanted.answer, LEAST_ANSWER);
  // whatever the prompt is, it takes at least one token
  const most = window - closer - 1;
  const isEstimated = !prompt.beginning.exact && dropsLongPrompts === undefined;
  const isLeftToServer = leastAnswer > free && isEstimated && leastAnswer <= most;
  if (leastAnswer > free && !isLeftToServer) {
    if (promptTokens > window) {
      throw new ContextOverflowError(
        `the prompt takes ${promptTokens} tokens, more than the ${window} tokens in the model's window`,
        {
          hint: "shorten the text, or raise the server's window",
        },
      );
    }
    throw new ContextOverflowError(
      `the prompt takes ${promptTokens} of the ${window} tokens in the model's window, so ${closer} to close thinking and ${leastAnswer} for the answer do not fit`,
      { hint: 'shorten the text or lower answer_tokens' },
    );
  }
  const room = isLeftToServer ? most : free;
  const thinking = Math.max(
    0,
    Math.min(wanted.thinking, room - leastAnswer, Math.max(room - wanted.answer, LEAST_THINKING)),
  );
  const answer = Math.min(wanted.answer, room - thinking);
  return {
    mechanism,
    thinkingTokens: thinking,
    closerTokens: closer,
    answerTokens: answer,
    maxTokens: requested({ thinking, closer, answer }),
    ...(isServers && { nativeBudget: thinking + (native?.countsPrompt === true ? prompt.opened : 0) }),
    lineWindow: Math.min(LINE_WINDOW, Math.floor(thinking / 4)),
    sampling: family.sampling[sampling],
    warnings: [
      ...shrunk('thinking_budget', wanted.thinking, thinking, window),
      ...shrunk('answer_tokens', wanted.answer, answer, window),
    ],
  };
}

function shrunk(name: string, wanted: number, got: number, window: number): string[] {
  return got === wanted
    ? []
    : [`${name} was lowered from ${wanted} to ${got} to fit the model's window of ${window} tokens`];
}

function notAsAsked(wanted: 'on' | 'off', state: Prompt['thinking'], family: string): EngineUnsupportedError {
  return new EngineUnsupportedError(
    `thinking was switched ${wanted}, but the rendered prompt shows thinking as ${state} (model family ${family})`,
    {
      hint: `use a chat template with the thinking switch of that family${wanted === 'off' ? ', or a thinking_budget above 0' : ''}`,
    },
  );
}

/** Decides, before anything is generated, how the window is shared. Pure arithmetic. */
import { beginningOf, tokensOf, type Facts, type Prompt } from '../engine/engine.ts';
import { ContextOverflowError, EngineUnsupportedError } from '../errors.ts';
import type { Sampling, ThinkingState } from '../prompt/family.ts';
import type { Question } from '../prompt/question.ts';
import type { Mechanism } from './mechanism.ts';

type Shares = { readonly thinking: number; readonly closer: number; readonly answer: number };

type Row = {
  /** what the prompt must say of thinking */
  readonly states: readonly ThinkingState[];
  /** how much the first request may generate */
  readonly room: (shares: Shares) => number;
  /** tokens that the server's own closer may begin with before its marker: the operator can set it (`--reasoning-config`) */
  readonly lead: number;
};

const whole = ({ thinking, closer, answer }: Shares): number => thinking + closer + answer;

/** Where the mechanisms differ, a row each. */
const MECHANISMS: Record<Mechanism, Row> = {
  // one request: where thinking closes without our cut, the answer follows in the same stream
  stream: { states: ['open', 'none'], room: whole, lead: 0 },
  native: { states: ['open', 'none'], room: whole, lead: 2 },
  two_call: { states: ['open', 'none'], room: ({ thinking, closer }) => thinking + closer, lead: 0 },
  off: { states: ['closed', 'none'], room: ({ answer }) => answer, lead: 0 },
};

/** Markers and closers that a request may need room for: where the model opens thinking itself, that marker as well. */
const MARKERS: Record<ThinkingState, number> = { closed: 0, open: 1, none: 2 };

/** All in tokens. */
export type Plan = {
  readonly mechanism: Mechanism;
  /** the budget */
  readonly thinkingTokens: number;
  /** room for the closer, or for the markers that the model writes itself */
  readonly closerTokens: number;
  readonly answerTokens: number;
  /** what the first request may generate */
  readonly maxTokens: number;
  /** what the server is asked to hold, in its own counting; absent: it is held here */
  readonly nativeBudget?: number;
  /** blank tokens beyond the budget that belong to the server's own closer */
  readonly leadTokens: number;
  /** how far back from the budget a line end is looked for, so that a thought is not cut in the middle */
  readonly lineWindow: number;
  readonly sampling: Sampling;
  readonly warnings: readonly string[];
};

/** Below these a default is not shrunk: thinking or answer would be of no use. */
const LEAST = { thinking: 16, answer: 32 } as const;

/** A thought is cut at a line end within so many tokens, or a quarter of the budget if that is less. */
const LINE_WINDOW = 32;

/**
 * Prompt P, budget N, closer K and answer A must fit the window C: P + N + K + A <= C. What the caller gave is kept or
 * refused; a default shrinks, thinking first, because the answer's share is reserved.
 * @throws {ContextOverflowError} naming the numbers
 * @throws {EngineUnsupportedError} when the rendered prompt does not have thinking as it was asked for
 */
export function plan(
  question: Pick<Question, 'thinkingBudget' | 'answerTokens'>,
  { window, family, closerIds, native }: Pick<Facts, 'window' | 'family' | 'closerIds' | 'native'>,
  prompt: Pick<Prompt, 'ids' | 'turn' | 'thinking' | 'opened'>,
  mechanism: Mechanism,
): Plan {
  const { thinkingBudget, answerTokens } = question;
  const { states, room, lead } = MECHANISMS[mechanism];
  if (!states.includes(prompt.thinking)) throw notAsAsked(mechanism, prompt.thinking, family.name);
  const closer = MARKERS[prompt.thinking] * Math.max(closerIds.afterLine.length, closerIds.elsewhere.length);
  const promptTokens = tokensOf(beginningOf(prompt));
  const free = window - promptTokens - closer;
  const wanted = { thinking: thinkingBudget.tokens, answer: answerTokens.tokens };
  const least = {
    thinking: thinkingBudget.given ? wanted.thinking : Math.min(wanted.thinking, LEAST.thinking),
    answer: answerTokens.given ? wanted.answer : Math.min(wanted.answer, LEAST.answer),
  };
  if (least.thinking + least.answer > free) {
    throw new ContextOverflowError(
      `the prompt takes ${promptTokens} of the ${window} tokens that the model's window holds, and ${least.thinking} for thinking, ${closer} to close it and ${least.answer} for the answer do not fit beside it`,
      { hint: 'shorten the text, or lower thinking_budget or answer_tokens' },
    );
  }
  const thinking = Math.max(least.thinking, Math.min(wanted.thinking, free - wanted.answer));
  const answer = Math.min(wanted.answer, free - thinking);
  return {
    mechanism,
    thinkingTokens: thinking,
    closerTokens: closer,
    answerTokens: answer,
    maxTokens: room({ thinking, closer, answer }),
    ...(mechanism === 'native' && { nativeBudget: thinking + (native?.countsPrompt === true ? prompt.opened : 0) }),
    leadTokens: lead,
    lineWindow: Math.min(LINE_WINDOW, Math.floor(thinking / 4)),
    sampling: mechanism === 'off' ? family.sampling.off : family.sampling.on,
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

function notAsAsked(mechanism: Mechanism, state: ThinkingState, family: string): EngineUnsupportedError {
  const wanted = mechanism === 'off' ? 'off' : 'on';
  return new EngineUnsupportedError(
    `thinking was switched ${wanted}, but the prompt that the server rendered has it ${state} (family ${family})`,
    { hint: `use a chat template with the family's switch${wanted === 'off' ? ', or a thinking_budget above 0' : ''}` },
  );
}

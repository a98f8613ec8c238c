/** The tokens of a run by what they were, as certain as the server lets them be. */
import type { CountedBy } from '../engine/engine.ts';
import type { Request } from '../stream/requests.ts';
import type { Answer } from './answer.ts';
import type { Thought } from './story.ts';

/**
 * Tokens by what they were. What reached us adds up:
 * received = thinking + marker + answer + endOfTurn + dropped.
 */
export type Counts = {
  /** of all requests' prompts together, as the server counts them */
  readonly prompt: number;
  readonly received: number;
  readonly thinking: number;
  readonly marker: number;
  /** appended by us, so sent, not received */
  readonly closer: number;
  readonly answer: number;
  readonly endOfTurn: number;
  /** received beyond a cut */
  readonly dropped: number;
};

type Story = {
  readonly thought: Thought;
  /** that the thinking was read from */
  readonly first: Request;
  readonly answer: Answer;
  readonly requests: readonly Request[];
};

export function toCounts(story: Story): Counts & { readonly countedBy: CountedBy } {
  const { thought, answer, requests } = story;
  const thinking = thinkingTokens(story);
  const answerTokens = answerTokensOf(story, thinking.tokens);
  const endOfTurn = thought.endOfTurnTokens + sum(answer.parts, (part) => part.endOfTurnTokens);
  const known = thinking.tokens + thought.markerTokens + answerTokens + endOfTurn;
  const received = Math.max(known, sum(requests, receivedTokens));
  return {
    prompt: sum(requests, promptTokens),
    received,
    thinking: thinking.tokens,
    marker: thought.markerTokens,
    closer: answer.closerTokens,
    answer: answerTokens,
    endOfTurn,
    dropped: received - known,
    countedBy: thinking.by,
  };
}

/** If a stream could only be estimated, the server's own figure at its end is better. */
function thinkingTokens({ thought, first: { reading } }: Story): { readonly tokens: number; readonly by: CountedBy } {
  const { usage, trail } = reading;
  // no token at all: nothing shows how they would have been counted
  const by = trail.isEstimated ? 'estimate' : (reading.countedBy ?? 'estimate');
  const counted = { tokens: thought.tokens, by };
  if (by !== 'estimate' || usage === undefined) return counted;
  // 0 may mean that the server does not count it
  if (usage.reasoningTokens !== undefined && usage.reasoningTokens > 0) {
    return { tokens: usage.reasoningTokens, by: 'usage' };
  }
  // nothing but thinking came
  return thought.next === 'flows on' ? counted : { tokens: usage.completionTokens, by: 'usage' };
}

function answerTokensOf({ thought, answer, requests }: Story, thinking: number): number {
  const counted = sum(answer.parts, ({ tokens }) => tokens);
  const { usage, countedBy } = requests.at(-1)?.reading ?? {};
  if (countedBy !== 'estimate' || usage === undefined || answer.parts.length > 1) return counted;
  if (thought.next === 'ask' || requests.length > 1) return usage.completionTokens;
  return Math.max(0, usage.completionTokens - thinking - thought.markerTokens - thought.endOfTurnTokens);
}

function receivedTokens({ reading: { trail, usage, countedBy } }: Request): number {
  return countedBy === 'estimate' ? (usage?.completionTokens ?? trail.tokens) : trail.tokens;
}

function promptTokens({ from, reading }: Request): number {
  return from.exact ? from.promptTokens : (reading.usage?.promptTokens ?? from.promptTokens);
}

export function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

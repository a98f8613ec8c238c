/** Sorts the tokens of a run by kind, using the most certain count that the server provides. */
import type { CountedBy } from '../engine/engine.ts';
import type { Request } from '../stream/requests.ts';
import type { Answer } from './answer.ts';
import type { Plan } from './plan.ts';
import type { Thought } from './values.ts';

/** Tokens by kind: received = thinking + marker + answer + endOfTurn + dropped. */
export type Counts = {
  /** the prompts of all requests together, as the server counts them */
  readonly prompt: number;
  readonly received: number;
  readonly thinking: number;
  readonly marker: number;
  /** appended by thinkmeter: sent, not received */
  readonly closer: number;
  readonly answer: number;
  readonly endOfTurn: number;
  /** received after the position of the cut */
  readonly dropped: number;
};

type Story = {
  readonly plan: Pick<Plan, 'thinkingTokens'>;
  readonly thought: Thought;
  /** the request from which the thinking was read */
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

/** Of the server's count: our estimate of a stream may differ by this much from tokens that have no text. */
const ALLOWED = { part: 0.1, tokens: 4 } as const;

/** If a stream could only be estimated, the server's usage figure at its end is more accurate. */
function thinkingTokens({ thought, plan, first: { reading } }: Story): {
  readonly tokens: number;
  readonly by: CountedBy;
} {
  const { usage, trail } = reading;
  // without a token nothing shows how tokens are counted, and `counted_by` must not overstate: estimate
  const by = trail.isEstimated ? 'estimate' : (reading.countedBy ?? 'estimate');
  const counted = { tokens: thought.tokens, by };
  if (by !== 'estimate' || usage === undefined) return counted;
  // some servers report 0 because they do not count reasoning tokens
  const reasoning = usage.reasoningTokens === 0 ? undefined : usage.reasoningTokens;
  if (reasoning !== undefined && thought.next === 'same stream') return { tokens: reasoning, by: 'usage' };
  // if the answer needs another request, this one produced only thinking, of which the cut may have dropped a part
  const whole = reasoning ?? usage.completionTokens;
  if (thought.next === 'new request' && whole <= plan.thinkingTokens) return { tokens: whole, by: 'usage' };
  const isNear = Math.abs(whole - trail.tokens) <= ALLOWED.tokens + ALLOWED.part * whole;
  if (isNear || trail.tokens === 0) return counted;
  return { tokens: Math.ceil((thought.tokens * whole) / trail.tokens), by };
}

function answerTokensOf({ thought, answer, requests }: Story, thinking: number): number {
  const counted = sum(answer.parts, ({ tokens }) => tokens);
  const { usage, countedBy } = requests.at(-1)?.reading ?? {};
  if (countedBy !== 'estimate' || usage === undefined || answer.parts.length > 1) return counted;
  if (thought.next === 'new request' || requests.length > 1) return usage.completionTokens;
  return Math.max(0, usage.completionTokens - thinking - thought.markerTokens - thought.endOfTurnTokens);
}

function receivedTokens({ reading: { trail, usage, countedBy }, connections: { droppedTokens } }: Request): number {
  return droppedTokens + (countedBy === 'estimate' ? (usage?.completionTokens ?? trail.tokens) : trail.tokens);
}

/** The sum over all connections, because each sent a prompt. The server counted only the last one. */
function promptTokens({ reading, connections: { beginnings } }: Request): number {
  const last = beginnings.at(-1);
  return sum(beginnings, (from) => {
    const counted = from === last && !from.exact ? reading.usage?.promptTokens : undefined;
    return counted ?? from.promptTokens;
  });
}

export function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

/**
 * Who holds a run's budget. The rule, in this order:
 *
 * 1. A budget of 0 is `off`, the model's own switch.
 * 2. What the operator forces; `native` while the server has it and it has not failed there.
 * 3. `native`, the server's own budget, if our cut would be expensive. After a cut the server computes the prompt and the
 *    thinking again, all P + N tokens, unless it finds them in its prefix cache. That takes as long as generating
 *    (P + N) * r tokens, where r is how much faster it computes a prompt token. In return our cut ends at a line end, which
 *    saves `SAVED` of the budget (README, accuracy by budget), and the thinking is whole, which is worth `WHOLE` tokens.
 *    `native` also if tokens come without ids: then a cut would have to continue over chat completions.
 * 4. `stream`, our own cut: exact for every tokenizer, at a line end.
 * 5. `two_call`, a first request that is capped: if the stream cannot be counted while it comes, or if an abort does not
 *    reach the server.
 *
 * `native` is used only after a self-test on this very server; what failed is not used until that verdict expires.
 */
import type { Facts, Prompt } from '../engine/engine.ts';

export type Mechanism = 'native' | 'stream' | 'two_call' | 'off';

export const MECHANISMS_TO_FORCE = ['native', 'stream', 'two_call'] as const;
export type ForcedMechanism = (typeof MECHANISMS_TO_FORCE)[number];

type Shares = { readonly thinking: number; readonly closer: number; readonly answer: number };

export type MechanismRow = {
  /** what the prompt may have of thinking */
  readonly states: readonly Prompt['thinking'][];
  /** how much the first request may generate */
  readonly room: (shares: Shares) => number;
  /** which of the family's two settings */
  readonly sampling: 'on' | 'off';
  /** the server holds the budget: thinking that ends exactly there was ended by it, and a cut of ours means that it failed */
  readonly isServers: boolean;
  /** blank tokens beyond the budget that the server's own closer may begin with: the operator can set it (`--reasoning-config`) */
  readonly lead: number;
  /** the first request ends where the budget does: its end is no limit of the server's, and an answer in it is continued */
  readonly isCapped: boolean;
  /** a cut closes the connection, so it shows whether the server stops then */
  readonly cuts: boolean;
};

const whole = ({ thinking, closer, answer }: Shares): number => thinking + closer + answer;

const ON = { states: ['open', 'none', 'hidden'], sampling: 'on', isServers: false, lead: 0 } as const;

/** What the mechanisms differ in, a row each. */
export const MECHANISMS: Readonly<Record<Mechanism, MechanismRow>> = {
  // one request: if thinking closes without our cut, the answer follows in the same stream
  stream: { ...ON, room: whole, isCapped: false, cuts: true },
  native: { ...ON, room: whole, isServers: true, lead: 2, isCapped: false, cuts: false },
  two_call: { ...ON, room: ({ thinking, closer }) => thinking + closer, isCapped: true, cuts: false },
  off: {
    states: ['closed', 'none', 'hidden'],
    room: ({ answer }) => answer,
    sampling: 'off',
    isServers: false,
    lead: 0,
    isCapped: false,
    cuts: false,
  },
};

/** What counting has shown of a mechanism on a server. */
export type Verdict = { readonly held: true } | { readonly held: false; readonly why: string };

/** What is known of a server when a mechanism is chosen; absent: nothing yet. */
export type Known = {
  readonly native?: Verdict | undefined;
  readonly stream?: Verdict | undefined;
  /** a prompt token's time compared with a generated one's */
  readonly promptRatio?: number | undefined;
};

const SAVED = 0.04;
const WHOLE = 8;

/** Before it was measured here: GPUs compute a prompt token about a hundred times as fast as they generate one. */
const USUAL_RATIO = 0.01;

/** Whether computing prompt and thinking again costs more than a cut of our own is worth. */
export function isExpensiveToRepeat(promptTokens: number, budget: number, ratio = USUAL_RATIO): boolean {
  return (promptTokens + budget) * ratio > budget * SAVED + WHOLE;
}

export type Case = {
  readonly facts: Pick<Facts, 'native' | 'prefixCaching' | 'countedBy'>;
  readonly promptTokens: number;
  readonly budget: number;
  readonly forced: ForcedMechanism | undefined;
  readonly known: Known;
};

export type Choice = {
  readonly mechanism: Mechanism;
  /** the server's own budget would be preferred, if it is shown to hold: a self-test is due */
  readonly prove?: 'native';
  readonly warnings: readonly string[];
};

export function chooseMechanism({ facts, promptTokens, budget, forced, known }: Case): Choice {
  if (budget === 0) return { mechanism: 'off', warnings: [] };
  const refused = forced === 'native' ? whyNotNative(facts, known) : undefined;
  if (forced !== undefined && refused === undefined) return { mechanism: forced, warnings: [] };
  const wanted = prefersNative(facts, promptTokens, budget, known);
  const mechanism = wanted && known.native?.held === true ? 'native' : ownCut(facts, known);
  return {
    mechanism,
    ...(wanted && known.native === undefined && { prove: 'native' as const }),
    warnings:
      refused === undefined ? [] : [`THINKMETER_MECHANISM=${forced} was not used, but ${mechanism}: ${refused}`],
  };
}

function whyNotNative({ native }: Case['facts'], known: Known): string | undefined {
  if (native === undefined) return 'the server has no budget of its own';
  return known.native?.held === false ? known.native.why : undefined;
}

function prefersNative(facts: Case['facts'], promptTokens: number, budget: number, { promptRatio }: Known): boolean {
  if (facts.native === undefined) return false;
  if (facts.countedBy !== 'ids') return true;
  return facts.prefixCaching === false && isExpensiveToRepeat(promptTokens, budget, promptRatio);
}

function ownCut({ countedBy }: Case['facts'], { stream }: Known): Mechanism {
  return countedBy === 'estimate' || stream?.held === false ? 'two_call' : 'stream';
}

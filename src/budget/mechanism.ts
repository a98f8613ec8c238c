/**
 * Chooses the mechanism that enforces a run's budget. The first rule that applies wins:
 *
 * 1. If the budget is 0: `off`, the model's own switch.
 * 2. If the operator forces a mechanism: that one. A forced `native` needs a server that has it and has not failed it.
 * 3. If our cut would be expensive: `native`, the server's own budget. Without a prefix cache the server prefills
 *    prompt and thinking (P + N tokens) again, at the cost of generating (P + N) * r tokens. r is the time of a prompt
 *    token divided by that of a generated one. Our cut at a line end saves `SAVED` of the budget (docs/benchmarks.md, accuracy by
 *    budget) and leaves the thinking whole, which is worth `WHOLE` tokens. `native` is also preferred if tokens arrive
 *    without ids, because a cut would then continue over chat completions.
 * 4. If tokens cannot be counted while they arrive, or aborts do not reach the server: `two_call`, a capped request.
 * 5. Otherwise: `stream`, our own cut at a line end, exact for every tokenizer.
 *
 * `native` is used only after a self-test on the same server. A mechanism that failed is not used until its verdict
 * expires.
 */
import type { Facts, Prompt } from '../engine/engine.ts';

export type Mechanism = 'native' | 'stream' | 'two_call' | 'off';

export const MECHANISMS_TO_FORCE = ['native', 'stream', 'two_call'] as const;
export type ForcedMechanism = (typeof MECHANISMS_TO_FORCE)[number];

type Shares = { readonly thinking: number; readonly closer: number; readonly answer: number };

export type MechanismRow = {
  /** the thinking states that the rendered prompt may have */
  readonly states: readonly Prompt['thinking'][];
  /** how many tokens the first request may generate */
  readonly room: (shares: Shares) => number;
  /** which of the family's two sampling settings applies */
  readonly sampling: 'on' | 'off';
  /** the server enforces the budget: thinking that ends at it was ended by the server; if we must cut, it failed */
  readonly isServers: boolean;
  /** blank tokens allowed beyond the budget: the server's closer may begin with them (vLLM `--reasoning-config`) */
  readonly lead: number;
  /** the first request is capped: its `length` is not a limit of the server's own, and its answer is continued */
  readonly isCapped: boolean;
  /** a cut aborts the request, so the run can show whether the server stops generating */
  readonly cuts: boolean;
};

const whole = ({ thinking, closer, answer }: Shares): number => thinking + closer + answer;

const ON = { states: ['open', 'none', 'hidden'], sampling: 'on', isServers: false, lead: 0 } as const;

/** The properties in which the mechanisms differ. */
export const MECHANISMS: Readonly<Record<Mechanism, MechanismRow>> = {
  // room for everything: if thinking closes without our cut, the answer follows in the same stream
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

/** Whether a mechanism works on a server, as measured by counting tokens. */
export type Verdict = { readonly held: true } | { readonly held: false; readonly why: string };

/** What was measured on the server before this choice; absent: not measured yet. */
export type Known = {
  readonly native?: Verdict | undefined;
  readonly stream?: Verdict | undefined;
  /** time of a prompt token divided by the time of a generated token */
  readonly promptRatio?: number | undefined;
};

const SAVED = 0.04;
const WHOLE = 8;

/** Used until the ratio is measured: GPUs prefill a token about a hundred times as fast as they generate one. */
const USUAL_RATIO = 0.01;

/** Whether the second prefill of prompt and thinking costs more than our own cut saves. */
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
  /** a self-test is due: the server's own budget would be preferred, but is not proven yet */
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
    warnings: refused === undefined ? [] : [`THINKMETER_MECHANISM=${forced} was replaced by ${mechanism}: ${refused}`],
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

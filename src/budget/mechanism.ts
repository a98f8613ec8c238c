/**
 * Who is to hold a run's budget. The rule, in this order:
 *
 * 1. A budget of 0 is `off`, the model's own switch.
 * 2. What the operator forces; `native` while it is to be had and has not failed on this server.
 * 3. `native`, the server's own budget, where it is worth having. Our cut is read again as a new prompt, all P + N tokens of
 *    it, unless the server finds them in its prefix cache. That costs as much time as (P + N) * r generated tokens, where r
 *    is how much faster a prompt token is here. In return our cut ends at a line, which saves `SAVED` of the budget
 *    (README, what a budget buys) and is worth `WHOLE` tokens more for a thought that is whole. Native, where the cost is
 *    higher; and where tokens come without ids, so that a cut would have to go on by messages.
 * 4. `stream`, our own cut: exact for every tokenizer, and it ends at a line.
 * 5. `two_call`, a first request that is capped: where the stream cannot be counted while it comes.
 *
 * `native` is believed only after a tiny generation was counted on this very server; what has failed is left alone until
 * the server changes.
 */
import type { Facts } from '../engine/engine.ts';
import type { Trust, Verdict } from '../evidence/trust.ts';

export type Mechanism = 'native' | 'stream' | 'two_call' | 'off';

export const MECHANISMS_TO_FORCE = ['native', 'stream', 'two_call'] as const;
export type ForcedMechanism = (typeof MECHANISMS_TO_FORCE)[number];

const SAVED = 0.04;
const WHOLE = 8;

/** Of a prompt token's time to a generated one's, before it was measured here: GPUs read about a hundred times as fast. */
const USUAL_RATIO = 0.01;

/** Whether reading prompt and thoughts again costs more than a cut of our own is worth. */
export function isDearToReadAgain(promptTokens: number, budget: number, ratio = USUAL_RATIO): boolean {
  return (promptTokens + budget) * ratio > budget * SAVED + WHOLE;
}

export type Case = {
  readonly facts: Pick<Facts, 'server' | 'native' | 'prefixCaching' | 'countedBy'>;
  readonly promptTokens: number;
  readonly budget: number;
  readonly forced: ForcedMechanism | undefined;
  readonly trust: Trust;
  /** counts a tiny generation under the server's own budget; undefined when it told nothing */
  readonly proveNative: () => Promise<Verdict | undefined>;
};

export type Choice = { readonly mechanism: Mechanism; readonly warnings: readonly string[] };

export async function chooseMechanism(asked: Case): Promise<Choice> {
  const { budget, forced, facts, trust } = asked;
  if (budget === 0) return { mechanism: 'off', warnings: [] };
  const passedOver = forced === undefined ? undefined : whyNot(forced, facts, trust);
  if (forced !== undefined && passedOver === undefined) return { mechanism: forced, warnings: [] };
  const mechanism = (await nativeServes(asked)) ? 'native' : ownCut(facts, trust);
  const warnings =
    passedOver === undefined ? [] : [`THINKMETER_MECHANISM=${forced} was passed over for ${mechanism}: ${passedOver}`];
  return { mechanism, warnings };
}

function whyNot(mechanism: ForcedMechanism, { native, server }: Case['facts'], trust: Trust): string | undefined {
  // our own hold anywhere: what has failed is only that they save tokens
  if (mechanism !== 'native') return undefined;
  return native === undefined ? 'the server has no budget of its own' : trust.failure(server, mechanism);
}

async function nativeServes({ facts, promptTokens, budget, trust, proveNative }: Case): Promise<boolean> {
  const ratio = trust.promptRatio(facts.server);
  const readAgain = facts.prefixCaching === false && isDearToReadAgain(promptTokens, budget, ratio);
  if (facts.native === undefined || (facts.countedBy === 'ids' && !readAgain)) return false;
  return trust.holds(facts.server, 'native', proveNative);
}

function ownCut({ server, countedBy }: Case['facts'], trust: Trust): Mechanism {
  return countedBy === 'estimate' || trust.failure(server, 'stream') !== undefined ? 'two_call' : 'stream';
}

/** What the server serves, and how it was started. */
import type { FakeModel } from './model.ts';

/**
 * What the server makes of thinking: `parser` is vLLM 0.32 with `--reasoning-parser nemotron_v3`, `absent` the same without
 * one, `v2-runner` a vLLM whose model runner cannot keep a budget, `ignored` one from before there was a budget.
 */
export type Reasoning = 'parser' | 'absent' | 'v2-runner' | 'ignored';

export type Served = {
  readonly model: FakeModel;
  readonly servedName: string;
  readonly window: number;
  readonly reasoning: Reasoning;
  /** what ends the thinking when its budget is spent, `reasoning_end_str` of `--reasoning-config` */
  readonly reasoningEnd: string;
  /** `--enable-prompt-tokens-details` */
  readonly promptTokensDetails: boolean;
  readonly margin: Margin;
};

/**
 * How much more likely the next token is than those that a request lists, in nats, after this text (prompt and what was
 * generated, special tokens shown).
 */
export type Margin = (before: string) => number;

export const THINK_START = '<think>';
export const THINK_END = '</think>';

export const versions: Readonly<Record<Reasoning, string>> = {
  parser: '0.32.0',
  absent: '0.32.0',
  // the last release seen to refuse a budget; its answers are played as those of 0.32
  'v2-runner': '0.27.0',
  ignored: '0.13.0',
};

/** vLLM 0.13: other fields in the answers. */
export function isOlder({ reasoning }: Pick<Served, 'reasoning'>): boolean {
  return reasoning === 'ignored';
}

/** A field that 0.13 did not have: `undefined` is left out of the JSON. */
export function ifNewer<T>(served: Pick<Served, 'reasoning'>, value: T): T | undefined {
  return isOlder(served) ? undefined : value;
}

/** What is to be expected of a budget on each kind of server. */
import type { Mechanism } from '../../../src/budget/mechanism.ts';
import type { CountedBy } from '../../../src/engine/engine.ts';
import type { ModelName } from '../fake-vllm/model.ts';
import { neverStopsThinking } from '../fake-vllm/scripts.ts';
import { meet, type Met } from './asking.ts';
import { withBothModels, type Case } from './cases.ts';
import type { FakeServerOptions } from './host.ts';
import type { Kind } from './kinds.ts';

type Row = {
  readonly kind: Kind;
  readonly options?: FakeServerOptions;
  /** our own cut, and how its tokens are counted in the end */
  readonly own: Mechanism & ('stream' | 'two_call');
  readonly countedBy: CountedBy;
  /** the server's own budget, as it is sent for 20 tokens */
  readonly native?: object;
};

export type BudgetCase = Case<Row> & { readonly held: 'held' | 'ignored' | 'refused' | 'absent' };

const ROWS: readonly Row[] = [
  { kind: 'llama.cpp', own: 'stream', countedBy: 'ids' },
  { kind: 'lemonade', own: 'two_call', countedBy: 'usage', native: { thinking_budget_tokens: 20 } },
  { kind: 'sglang', own: 'stream', countedBy: 'ids' },
  {
    kind: 'sglang',
    options: { old: true },
    own: 'stream',
    countedBy: 'usage',
    native: { custom_params: { thinking_budget: 20 } },
  },
  { kind: 'tensorrt-llm', own: 'stream', countedBy: 'usage', native: { thinking_token_budget: 21 } },
  { kind: 'lm-studio', own: 'two_call', countedBy: 'usage' },
  { kind: 'ollama', own: 'two_call', countedBy: 'usage' },
  { kind: 'openrouter', own: 'two_call', countedBy: 'usage' },
  { kind: 'build.nvidia.com', own: 'two_call', countedBy: 'usage', native: { reasoning_budget: 20 } },
  { kind: 'nim-1', own: 'two_call', countedBy: 'usage', native: { nvext: { max_thinking_tokens: 20 } } },
  { kind: 'transformers', own: 'two_call', countedBy: 'usage' },
];

/** Of the Nano 2 kind: its marker merges with the line end behind it, and is never found; or the service has no such field. */
const ON_NANO_2: Partial<Record<Kind, 'ignored' | 'refused'>> = {
  lemonade: 'ignored',
  'tensorrt-llm': 'ignored',
  'build.nvidia.com': 'refused',
};

/** Nothing switches thinking off there for a model without a word for it, so it cannot be made to answer. */
const isSwitchable = (kind: Kind, model: ModelName): boolean =>
  model === 'thinkmeter-demo' || (kind !== 'lm-studio' && kind !== 'transformers');

export const BUDGETS: readonly BudgetCase[] = withBothModels(ROWS)
  .filter(({ kind, model }) => isSwitchable(kind, model))
  .map((row) => {
    const exception = row.model === 'thinkmeter-demo' ? ON_NANO_2[row.kind] : undefined;
    return { ...row, held: row.native === undefined ? 'absent' : (exception ?? 'held') };
  });

/** A server whose model does not stop to think. */
export const startThinker = ({ kind, model, options }: Case<Row>, more: FakeServerOptions = {}): Promise<Met> =>
  meet(kind, { model, script: neverStopsThinking(), ...options, ...more });

/** Our own cut, also where the server has a budget. */
export const ownCut = ({ native, own }: Row): Row['own'] | undefined => (native === undefined ? undefined : own);

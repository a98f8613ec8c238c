/** Who is to hold a run's budget: the rule, a row a case. */
import { expect, test } from 'vitest';
import {
  chooseMechanism,
  isExpensiveToRepeat,
  type Case,
  type Known,
  type Mechanism,
  type Verdict,
} from '../../src/budget/mechanism.ts';

const native = { field: 'thinking_token_budget', countsPrompt: true };
const HELD: Verdict = { held: true };
const FAILED: Verdict = { held: false, why: 'it overran' };

/** Long together: 1189 tokens read again cost a little more than a cut of our own is worth. */
const LONG = { promptTokens: 1092, budget: 97 };
const uncached = { native, prefixCaching: false };

type Row = {
  readonly name: string;
  readonly facts?: Partial<Case['facts']>;
  readonly promptTokens?: number;
  readonly budget?: number;
  readonly forced?: Case['forced'];
  /** what earlier runs found out */
  readonly known?: Known;
  readonly mechanism: Mechanism;
  readonly warning?: RegExp;
  /** a self-test of the server's own budget is due */
  readonly isToProve?: true;
};

const rows: readonly Row[] = [
  { name: 'our own cut', mechanism: 'stream' },
  { name: 'no budget: the switch', budget: 0, mechanism: 'off' },
  { name: 'no budget, whatever is forced', budget: 0, forced: 'native', facts: { native }, mechanism: 'off' },
  { name: 'no budget, however long', ...LONG, budget: 0, facts: uncached, mechanism: 'off' },

  { name: 'forced: our cut', forced: 'stream', facts: uncached, ...LONG, mechanism: 'stream' },
  { name: 'forced: two calls', forced: 'two_call', mechanism: 'two_call' },
  { name: 'forced: the server’s own, without a trial', forced: 'native', facts: { native }, mechanism: 'native' },
  {
    name: 'forced: the server’s own, which it does not have',
    forced: 'native',
    mechanism: 'stream',
    warning: /^THINKMETER_MECHANISM=native was replaced by stream: the server has no budget of its own$/,
  },
  {
    name: 'forced: the server’s own, which failed',
    forced: 'native',
    facts: { native },
    known: { native: FAILED },
    mechanism: 'stream',
    warning: /was replaced by stream: it overran/,
  },
  {
    name: 'forced: the server’s own, which failed, as did our cut',
    forced: 'native',
    facts: { native },
    known: { native: FAILED, stream: FAILED },
    mechanism: 'two_call',
    warning: /was replaced by two_call/,
  },
  {
    name: 'forced: our cut, which failed',
    forced: 'stream',
    known: { stream: FAILED },
    mechanism: 'stream',
  },
  {
    name: 'forced: our cut, although tokens are estimated',
    forced: 'stream',
    facts: { countedBy: 'estimate' },
    mechanism: 'stream',
  },

  {
    name: 'long and computed again: our own cut, until the server’s own is proven',
    ...LONG,
    facts: uncached,
    mechanism: 'stream',
    isToProve: true,
  },
  {
    name: 'long and computed again, and proven',
    ...LONG,
    facts: uncached,
    known: { native: HELD },
    mechanism: 'native',
  },
  { name: 'it has failed', ...LONG, facts: uncached, known: { native: FAILED }, mechanism: 'stream' },
  {
    name: 'two tokens shorter',
    ...LONG,
    promptTokens: 1090,
    facts: uncached,
    known: { native: HELD },
    mechanism: 'stream',
  },
  {
    name: 'long, and found in the cache',
    ...LONG,
    facts: { native, prefixCaching: true },
    known: { native: HELD },
    mechanism: 'stream',
  },
  {
    name: 'long, and nothing known of a cache',
    ...LONG,
    facts: { native },
    known: { native: HELD },
    mechanism: 'stream',
  },
  { name: 'long, and no budget of its own', ...LONG, facts: { prefixCaching: false }, mechanism: 'stream' },

  { name: 'by usage, no own budget', facts: { countedBy: 'usage' }, mechanism: 'stream' },
  { name: 'by usage: not proven', facts: { native, countedBy: 'usage' }, mechanism: 'stream', isToProve: true },
  { name: 'by usage: proven', facts: { native, countedBy: 'usage' }, known: { native: HELD }, mechanism: 'native' },
  {
    name: 'by our tokenizer: proven',
    facts: { native, countedBy: 'tokenizer' },
    known: { native: HELD },
    mechanism: 'native',
  },
  {
    name: 'by our tokenizer, and it does not hold',
    facts: { native, countedBy: 'tokenizer' },
    known: { native: FAILED },
    mechanism: 'stream',
  },
  { name: 'estimated: two calls', facts: { countedBy: 'estimate' }, mechanism: 'two_call' },
  { name: 'estimated: not proven', facts: { native, countedBy: 'estimate' }, mechanism: 'two_call', isToProve: true },
  { name: 'estimated: proven', facts: { native, countedBy: 'estimate' }, known: { native: HELD }, mechanism: 'native' },
  {
    name: 'estimated, and it does not hold',
    facts: { native, countedBy: 'estimate' },
    known: { native: FAILED },
    mechanism: 'two_call',
  },
  { name: 'a cut that saves nothing: two calls', known: { stream: FAILED }, mechanism: 'two_call' },
  { name: 'a cut that has held', known: { stream: HELD }, mechanism: 'stream' },
];

test.each(rows)('$name', ({ facts, known = {}, mechanism, warning, isToProve, ...asked }) => {
  const choice = chooseMechanism({
    facts: { countedBy: 'ids', ...facts },
    promptTokens: asked.promptTokens ?? 100,
    budget: asked.budget ?? 512,
    forced: asked.forced,
    known,
  });
  expect(choice.mechanism).toBe(mechanism);
  expect(choice.warnings).toHaveLength(warning === undefined ? 0 : 1);
  expect(choice.warnings.join()).toMatch(warning ?? '');
  expect(choice.prove).toBe(isToProve === true ? 'native' : undefined);
});

test.each([
  { name: 'a prompt token takes nothing', promptTokens: 100_000, budget: 1, ratio: 0, expensive: false },
  { name: 'as long as a generated one', promptTokens: 8, budget: 1, ratio: 1, expensive: true },
  { name: 'a tenth, a short prompt', promptTokens: 10, budget: 100, ratio: 0.1, expensive: false },
  { name: 'a tenth, a longer one', promptTokens: 30, budget: 100, ratio: 0.1, expensive: true },
  {
    name: 'a long budget ends at a line all the more',
    promptTokens: 1101,
    budget: 1000,
    ratio: undefined,
    expensive: false,
  },
])('computing again is expensive, $expensive: $name', ({ promptTokens, budget, ratio, expensive }) => {
  expect(isExpensiveToRepeat(promptTokens, budget, ratio)).toBe(expensive);
});

test.each([
  { promptRatio: 0.001, mechanism: 'stream' },
  { promptRatio: 0.1, mechanism: 'native' },
])('what was timed on this server goes before what is usual: $promptRatio', ({ promptRatio, mechanism }) => {
  const facts = { countedBy: 'ids', ...uncached } as const;
  const known = { native: HELD, promptRatio };
  expect(chooseMechanism({ facts, promptTokens: 2000, budget: 100, forced: undefined, known }).mechanism).toBe(
    mechanism,
  );
});

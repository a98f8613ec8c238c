/** Who is to hold a run's budget: the rule, a row a case. */
import { expect, test } from 'vitest';
import { chooseMechanism, isDearToReadAgain, type Case, type Mechanism } from '../../src/budget/mechanism.ts';
import { Trust, type Verdict } from '../../src/evidence/trust.ts';

const native = { field: 'thinking_token_budget', countsPrompt: true };
const HELD: Verdict = { held: true };
const FAILED: Verdict = { held: false, why: 'it thought on' };

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
  readonly known?: Readonly<Record<string, Verdict>>;
  readonly proof?: Verdict | undefined;
  readonly mechanism: Mechanism;
  readonly warning?: RegExp;
  /** how often the server's own budget is tried; default 0 */
  readonly tried?: number;
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
    name: 'forced: the server’s own, where it has none',
    forced: 'native',
    mechanism: 'stream',
    warning: /^THINKMETER_MECHANISM=native was passed over for stream: the server has no budget of its own$/,
  },
  {
    name: 'forced: the server’s own, which failed',
    forced: 'native',
    facts: { native },
    known: { native: FAILED },
    mechanism: 'stream',
    warning: /passed over for stream: it thought on/,
  },
  {
    name: 'forced: the server’s own, which failed, as did our cut',
    forced: 'native',
    facts: { native },
    known: { native: FAILED, stream: FAILED },
    mechanism: 'two_call',
    warning: /passed over for two_call/,
  },
  {
    name: 'forced: our cut, which failed',
    forced: 'stream',
    known: { stream: FAILED },
    mechanism: 'stream',
  },
  {
    name: 'forced: our cut, where tokens are estimated',
    forced: 'stream',
    facts: { countedBy: 'estimate' },
    mechanism: 'stream',
  },

  {
    name: 'long and read again: the server’s own',
    ...LONG,
    facts: uncached,
    proof: HELD,
    mechanism: 'native',
    tried: 1,
  },
  { name: 'it does not hold', ...LONG, facts: uncached, proof: FAILED, mechanism: 'stream', tried: 1 },
  { name: 'the trial told nothing', ...LONG, facts: uncached, proof: undefined, mechanism: 'stream', tried: 1 },
  { name: 'it has held before', ...LONG, facts: uncached, known: { native: HELD }, mechanism: 'native' },
  { name: 'it has failed before', ...LONG, facts: uncached, known: { native: FAILED }, mechanism: 'stream' },
  { name: 'two tokens shorter', ...LONG, promptTokens: 1090, facts: uncached, proof: HELD, mechanism: 'stream' },
  {
    name: 'long, and found in the cache',
    ...LONG,
    facts: { native, prefixCaching: true },
    proof: HELD,
    mechanism: 'stream',
  },
  { name: 'long, and nothing known of a cache', ...LONG, facts: { native }, proof: HELD, mechanism: 'stream' },
  {
    name: 'long, and no budget of its own',
    ...LONG,
    facts: { prefixCaching: false },
    proof: HELD,
    mechanism: 'stream',
  },

  { name: 'by usage, no own budget', facts: { countedBy: 'usage' }, mechanism: 'stream' },
  {
    name: 'by usage: the server’s own',
    facts: { native, countedBy: 'usage' },
    proof: HELD,
    mechanism: 'native',
    tried: 1,
  },
  {
    name: 'by our tokenizer: the server’s own',
    facts: { native, countedBy: 'tokenizer' },
    proof: HELD,
    mechanism: 'native',
    tried: 1,
  },
  {
    name: 'by our tokenizer, and it does not hold',
    facts: { native, countedBy: 'tokenizer' },
    proof: FAILED,
    mechanism: 'stream',
    tried: 1,
  },
  { name: 'estimated: two calls', facts: { countedBy: 'estimate' }, mechanism: 'two_call' },
  {
    name: 'estimated: the server’s own',
    facts: { native, countedBy: 'estimate' },
    proof: HELD,
    mechanism: 'native',
    tried: 1,
  },
  {
    name: 'estimated, and it does not hold',
    facts: { native, countedBy: 'estimate' },
    proof: FAILED,
    mechanism: 'two_call',
    tried: 1,
  },
  { name: 'a cut that saves nothing: two calls', known: { stream: FAILED }, mechanism: 'two_call' },
  { name: 'a cut that has held', known: { stream: HELD }, mechanism: 'stream' },
];

test.each(rows)('$name', async ({ facts, known = {}, proof, mechanism, warning, tried = 0, ...asked }) => {
  const trust = new Trust();
  for (const [name, verdict] of Object.entries(known)) {
    if (verdict.held) trust.hold('a server', name);
    else trust.fail('a server', name, verdict.why);
  }
  let trials = 0;
  const choice = await chooseMechanism({
    facts: { server: 'a server', countedBy: 'ids', ...facts },
    promptTokens: asked.promptTokens ?? 100,
    budget: asked.budget ?? 512,
    forced: asked.forced,
    trust,
    proveNative: () => {
      trials += 1;
      return Promise.resolve(proof);
    },
  });
  expect(choice.mechanism).toBe(mechanism);
  expect(choice.warnings).toHaveLength(warning === undefined ? 0 : 1);
  expect(choice.warnings.join()).toMatch(warning ?? '');
  expect(trials).toBe(tried);
});

test.each([
  { name: 'a prompt token takes nothing', promptTokens: 100_000, budget: 1, ratio: 0, dear: false },
  { name: 'as long as a generated one', promptTokens: 8, budget: 1, ratio: 1, dear: true },
  { name: 'a tenth, a short prompt', promptTokens: 10, budget: 100, ratio: 0.1, dear: false },
  { name: 'a tenth, a longer one', promptTokens: 30, budget: 100, ratio: 0.1, dear: true },
  {
    name: 'a long budget ends at a line all the more',
    promptTokens: 1101,
    budget: 1000,
    ratio: undefined,
    dear: false,
  },
])('reading again is dear, $dear: $name', ({ promptTokens, budget, ratio, dear }) => {
  expect(isDearToReadAgain(promptTokens, budget, ratio)).toBe(dear);
});

const proveNative = (): Promise<Verdict> => Promise.resolve(HELD);

test.each([
  { ratio: 0.001, mechanism: 'stream' },
  { ratio: 0.1, mechanism: 'native' },
])('what was timed on this server goes before what is usual: $ratio', async ({ ratio, mechanism }) => {
  const trust = new Trust();
  trust.timed('a server', ratio);
  const facts = { server: 'a server', countedBy: 'ids', ...uncached } as const;
  const asked = { facts, promptTokens: 2000, budget: 100, forced: undefined, trust, proveNative };
  expect((await chooseMechanism(asked)).mechanism).toBe(mechanism);
});

/** What is told to operators as wrong, at the edge where it begins to be so; and each with what mends it. */
import { expect, test } from 'vitest';
import type { EngineStatus, Facts, Load } from '../../src/engine/engine.ts';
import { familyByName, UNKNOWN_FAMILY } from '../../src/prompt/families.ts';
import { findings, type Finding } from '../../src/status/findings.ts';

const FACTS: Facts = {
  engine: 'remote',
  model: 'thinkmeter-demo',
  window: 8192,
  family: familyByName('thinkmeter-demo') ?? UNKNOWN_FAMILY,
  closerTokens: 0,
  server: 'a server',
  countedBy: 'ids',
};
const ENGINE: EngineStatus = {
  address: 'http://127.0.0.1:1',
  chosen: 'set',
  kind: 'vllm',
  prompts: 'ids',
  limitations: [],
  silent: [],
};
const LOAD: Load = { running: 1, waiting: 0, cacheUse: 0.5 };
const native = { field: 'thinking_token_budget', countsPrompt: true };

type Known = Partial<Parameters<typeof findings>[0]>;

const facts = (some: Partial<Facts>): Known => ({ facts: { ...FACTS, ...some } });
const load = (some: Partial<Load>): Known => ({ load: { ...LOAD, ...some } });

function found(known: Known): Finding[] {
  return findings({ facts: FACTS, engine: ENGINE, load: LOAD, tried: {}, ...known });
}

const nothing: readonly { name: string; known: Known }[] = [
  { name: 'a server without a fault', known: {} },
  { name: 'a window that is just long enough', known: facts({ window: 2048 }) },
  { name: 'a window that is not known', known: facts({ window: Infinity }) },
  { name: 'an own budget that was not tried', known: facts({ native }) },
  { name: 'an own budget that held', known: { ...facts({ native }), tried: { native: 'held' } } },
  { name: 'no own budget', known: { tried: { native: 'it overran' } } },
  { name: 'a cut that holds', known: { tried: { stream: 'held' } } },
  { name: 'a server that answers itself', known: { engine: { ...ENGINE, answeredBy: 'uvicorn' } } },
  { name: 'prefix caching', known: facts({ prefixCaching: true }) },
  { name: 'many that run', known: load({ running: 1000 }) },
  { name: 'a cache that is nearly full', known: load({ cacheUse: 0.95 }) },
  { name: 'a cache that nothing is said of', known: { load: { running: 1, waiting: 0 } } },
];

test.each(nothing)('nothing is to be mended: $name', ({ known }) => {
  expect(found(known)).toEqual([]);
});

test('nothing is to be mended: an embedded model, of which nothing more is known', () => {
  expect(findings({ facts: FACTS, tried: {} })).toEqual([]);
});

const faults: readonly { name: string; known: Known; what: RegExp; fix: RegExp; grave?: boolean }[] = [
  {
    name: 'a window that is a token too short for everything',
    known: facts({ window: 2047 }),
    what: /window is 2047 tokens/,
    fix: /--max-model-len/,
  },
  {
    name: 'a window that leaves just room for the default budget',
    known: facts({ window: 768 }),
    what: /window is 768/,
    fix: /thinking_budget/,
  },
  {
    name: 'a window without room for the default budget',
    known: facts({ window: 767 }),
    what: /window is 767/,
    fix: /thinking_budget/,
    grave: true,
  },
  {
    name: 'messages only',
    known: { engine: { ...ENGINE, kind: 'ollama', prompts: 'messages' }, ...facts({ countedBy: 'estimate' }) },
    what: /\(ollama\) is used over chat completions only.*counted by estimate/,
    fix: /THINKMETER_TOKENIZER/,
  },
  {
    name: 'an own budget that did not hold',
    known: { ...facts({ native }), tried: { native: 'the server thought on' } },
    what: /thinking_token_budget is not used: the server thought on/,
    fix: /no action is needed/,
  },
  {
    name: 'an own budget that needs a parser',
    known: { ...facts({ native }), tried: { native: 'set reasoning_config to use thinking_token_budget' } },
    what: /reasoning_config/,
    fix: /--reasoning-parser/,
  },
  {
    name: 'a stream that is held back',
    known: { tried: { stream: 'the stream came in one burst' } },
    what: /not cut on this server: the stream came in one burst/,
    fix: /proxy_buffering off/,
  },
  {
    name: 'nginx between',
    known: { engine: { ...ENGINE, answeredBy: 'nginx/1.22.1' } },
    what: /^nginx\/1\.22\.1 is in front of the server/,
    fix: /proxy_buffering off/,
  },
  {
    name: 'no prefix caching, on a Mamba hybrid',
    known: facts({ prefixCaching: false }),
    what: /prefix caching is off/,
    fix: /--enable-prefix-caching --mamba-cache-mode align/,
  },
  {
    name: 'no prefix caching, elsewhere',
    known: facts({ prefixCaching: false, family: UNKNOWN_FAMILY }),
    what: /prefix caching is off/,
    fix: /--enable-prefix-caching$/,
  },
  {
    name: 'no prefix caching, and how long prompts take is known',
    known: { ...facts({ prefixCaching: false }), promptRatio: 0.0123 },
    what: /computing 1000 of these tokens takes as long as generating 12$/,
    fix: /--enable-prefix-caching/,
  },
  {
    name: 'a model that is not loaded',
    known: { engine: { ...ENGINE, toLoad: 'load it by hand' } },
    what: /is not loaded: the first call waits/,
    fix: /^load it by hand$/,
  },
  {
    name: 'one that waits',
    known: load({ running: 7, waiting: 1 }),
    what: /waiting.* 1 waiting, 7 running$/,
    fix: /THINKMETER_CONCURRENCY/,
  },
  {
    name: 'a cache that is full',
    known: load({ cacheUse: 0.951 }),
    what: /cache is 95 % full/,
    fix: /--gpu-memory-utilization/,
  },
];

test.each(faults)('one fault, and what mends it: $name', ({ known, what, fix, grave = false }) => {
  const told = found(known);
  expect(told).toEqual([{ what: expect.stringMatching(what), fix: expect.stringMatching(fix), grave }]);
});

test('faults come together, each with a fix, the gravest among them', () => {
  const told = found({
    ...facts({ window: 100, native, prefixCaching: false, countedBy: 'estimate' }),
    engine: { ...ENGINE, prompts: 'messages', answeredBy: 'nginx' },
    load: { running: 1, waiting: 1, cacheUse: 1 },
    tried: { native: 'ignored', stream: 'held back' },
  });
  expect(told).toHaveLength(8);
  for (const { what, fix } of told) {
    expect(what.length).toBeGreaterThan(10);
    expect(fix.length).toBeGreaterThan(10);
    expect(what + fix).not.toContain('\n');
  }
  expect(told.filter(({ grave }) => grave)).toHaveLength(1);
});

// the fix is to set what is set: by messages, and counted with it, is all that such a server allows
test('who has set THINKMETER_TOKENIZER is not told to set it', () => {
  const [told] = found({ engine: { ...ENGINE, prompts: 'messages' }, ...facts({ countedBy: 'tokenizer' }) });
  expect(told?.fix ?? '').not.toContain('THINKMETER_TOKENIZER');
});

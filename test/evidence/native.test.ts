/** The server holds the budget: believed while counting agrees, and never at the cost of the answer. */
import { describe, expect, test } from 'vitest';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import type { NativeBudget, Piece } from '../../src/engine/engine.ts';
import { EngineHttpError } from '../../src/errors.ts';
import { forEver, says, turnEnds } from '../support/chunks.ts';
import { wordTokens } from '../support/tokens.ts';
import { start, type Start } from '../run/start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];

const native: NativeBudget = { field: 'thinking_token_budget', countsPrompt: true };
const forced = (more: Partial<Start>): Start => ({ tokens, native, mechanism: 'native', scripts: [], ...more });

describe('forced', () => {
  test('the server enforces the budget: one request, ended by the budget', async () => {
    const run = start(forced({ budget: 3, scripts: [[...say('one two three</think>\n\nIt is 42.'), stop]] }));
    expect(await run.outcome()).toMatchObject({
      mechanism: 'native',
      honored: true,
      thinkingEndedBy: 'budget',
      answer: 'It is 42.',
      counts: { thinking: 3, closer: 0 },
      requests: 1,
    });
    // it counts the line end behind the marker in the prompt as well
    expect(run.engine.requests[0]).toMatchObject({ nativeBudget: 4, maxTokens: 3 + 5 + 50 });
  });

  test('a model that closes earlier closes by itself', async () => {
    const run = start(forced({ budget: 3, scripts: [[...say('one two</think>42'), stop]] }));
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'model', honored: true, counts: { thinking: 2 } });
  });

  test("a line end that the server's own closer begins with is overhead", async () => {
    const run = start(forced({ budget: 3, scripts: [[...say('one two three\n</think>42'), stop]] }));
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      honored: true,
      counts: { thinking: 3, marker: 4 },
    });
  });

  test('a server that exceeds its own budget: thinkmeter cuts, warns, and does not use native again', async () => {
    const evidence = new EvidenceOfServers();
    const first = start(forced({ evidence, budget: 3, scripts: [forEver(tokens, ' hm'), answers] }));
    const outcome = await first.outcome();
    expect(outcome).toMatchObject({
      mechanism: 'native',
      honored: false,
      thinkingEndedBy: 'budget',
      answer: 'The answer is 42.',
      requests: 2,
    });
    expect(outcome.warnings.join()).toMatch(/exceeded its own budget of 3 tokens/);
    const second = start(forced({ evidence, budget: 3, scripts: [forEver(tokens, ' hm'), answers] }));
    const again = await second.outcome();
    expect(again).toMatchObject({ mechanism: 'stream', honored: true, counts: { thinking: 3 } });
    expect(again.warnings.join()).toMatch(/THINKMETER_MECHANISM=native was replaced by stream/);
    expect(second.engine.requests[0]?.nativeBudget).toBeUndefined();
  });

  test('if the server refuses the field, the same run repeats the request without it', async () => {
    const refusal = new EngineHttpError('reasoning_config is not configured', 400, {});
    const run = start(forced({ budget: 3, scripts: [[refusal], forEver(tokens, ' hm'), answers], before: 1 }));
    const outcome = await run.outcome();
    expect(outcome).toMatchObject({ mechanism: 'stream', honored: true, requests: 2 });
    expect(outcome.warnings.join()).toMatch(/reasoning_config is not configured/);
  });

  test('if the server has no such field, thinkmeter cuts', async () => {
    const run = start({ tokens, mechanism: 'native', budget: 3, scripts: [forEver(tokens, ' hm'), answers] });
    const outcome = await run.outcome();
    expect(outcome).toMatchObject({ mechanism: 'stream', honored: true });
    expect(outcome.warnings.join()).toMatch(/has no budget of its own/);
  });

  test('a budget of 0 is off, whatever is forced', async () => {
    const run = start(forced({ budget: 0, scripts: [answers] }));
    expect(await run.outcome()).toMatchObject({ mechanism: 'off', honored: true, warnings: [] });
  });
});

/** Of a server that reads prompts as slowly as it writes: reading again is expensive. */
function slow(): EvidenceOfServers {
  const evidence = new EvidenceOfServers();
  evidence.of('a server').timed(1);
  return evidence;
}

function long(): Partial<Start> {
  return { tokens, native, prefixCaching: false, evidence: slow() };
}

describe('by the rule', () => {
  const held = [...say('one two three four five six seven eight</think>'), stop];

  test('a long prompt and no cache: our own cut, while a tiny generation proves the server beside it; then the server', async () => {
    const evidence = slow();
    const thinks = [...say('hm</think>42'), stop];
    const first = start({ ...long(), evidence, scripts: [thinks, held], isOwn: ({ maxTokens }) => maxTokens > 100 });
    expect(await first.outcome()).toMatchObject({ mechanism: 'stream', requests: 1 });
    expect(first.engine.requests.map(({ nativeBudget }) => nativeBudget)).toEqual([undefined, 9]);
    const second = start({ ...long(), evidence, scripts: [thinks] });
    expect(await second.outcome()).toMatchObject({ mechanism: 'native', requests: 1 });
  });

  test('a proof that fails: our own cut, also in the next run', async () => {
    const evidence = slow();
    const thinks = [...say('hm</think>42'), stop];
    const scripts = [thinks, forEver(tokens, ' hm')];
    const first = start({ ...long(), evidence, scripts, isOwn: ({ maxTokens }) => maxTokens > 100 });
    expect(await first.outcome()).toMatchObject({ mechanism: 'stream', warnings: [] });
    const second = start({ ...long(), evidence, scripts: [thinks] });
    expect(await second.outcome()).toMatchObject({ mechanism: 'stream', warnings: [] });
  });

  test.each<[string, Partial<Start>]>([
    ['prompts are read fast', { evidence: new EvidenceOfServers() }],
    ['the server finds what it has read before', { prefixCaching: true }],
  ])('our own cut where %s', async (_, more) => {
    const run = start({ ...long(), ...more, scripts: [[...say('hm</think>42'), stop]] });
    expect(await run.outcome()).toMatchObject({ mechanism: 'stream', requests: 1 });
  });

  test.each<[string, 'native' | 'prefixCaching']>([
    ['nobody knows whether it does', 'prefixCaching'],
    ['there is no such field', 'native'],
  ])('our own cut where %s', async (_, missing) => {
    const { [missing]: left, ...known } = long();
    expect(left).toBeDefined();
    const run = start({ ...known, scripts: [[...say('hm</think>42'), stop]] });
    expect(await run.outcome()).toMatchObject({ mechanism: 'stream', requests: 1 });
  });
});

// B4: the test was made before the run, without a limit, and by whoever came meanwhile was waited for
test('a self-test that never ends is waited for by nobody', async () => {
  const first = start({
    ...long(),
    scripts: [[...say('hm</think>42'), stop], ['stall']],
    isOwn: ({ maxTokens }) => maxTokens > 100,
  });
  expect(await first.outcome()).toMatchObject({ mechanism: 'stream', timing: { totalMs: 0 } });
});

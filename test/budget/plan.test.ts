import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mechanism } from '../../src/budget/mechanism.ts';
import { plan, type Plan } from '../../src/budget/plan.ts';
import { ContextOverflowError, EngineUnsupportedError } from '../../src/errors.ts';
import { familyByName } from '../../src/prompt/families.ts';
import type { ThinkingState } from '../../src/prompt/family.ts';
import type { Amount } from '../../src/prompt/question.ts';

const family = familyByName('nvidia/NVIDIA-Nemotron-Nano-9B-v2');
if (family === undefined) throw new Error('there is no such family');

const given = (tokens: number): Amount => ({ tokens, given: true });
const byDefault = (tokens: number): Amount => ({ tokens, given: false });

/** The closer takes 4 tokens. */
function planned(
  window: number,
  promptTokens: number,
  thinkingBudget: Amount,
  answerTokens: Amount,
  thinking: ThinkingState = thinkingBudget.tokens === 0 ? 'closed' : 'open',
  mechanism: Mechanism = thinkingBudget.tokens === 0 ? 'off' : 'stream',
): Plan {
  if (family === undefined) throw new Error('there is no such family');
  const native = { field: 'thinking_token_budget', countsPrompt: true };
  const facts = { window, family, closerTokens: 4, native };
  const prompt = { beginning: { promptTokens, exact: true }, thinking, opened: 1 };
  return plan({ thinkingBudget, answerTokens }, facts, prompt, mechanism);
}

test('with room enough everything is as it was asked for', () => {
  expect(planned(10_000, 100, given(512), byDefault(1024))).toEqual({
    mechanism: 'stream',
    thinkingTokens: 512,
    closerTokens: 4,
    answerTokens: 1024,
    maxTokens: 512 + 4 + 1024,
    lineWindow: 32,
    sampling: { temperature: 0.6, topP: 0.95 },
    warnings: [],
  });
});

test('a budget of 0 is the switch of the model: no room for thinking or closer, and its own sampling', () => {
  expect(planned(10_000, 100, given(0), given(512))).toMatchObject({
    mechanism: 'off',
    thinkingTokens: 0,
    closerTokens: 0,
    answerTokens: 512,
    maxTokens: 512,
    sampling: { temperature: 0 },
  });
});

test.each([
  { name: 'a budget of 3 has no window', budget: 3, lineWindow: 0 },
  { name: 'a quarter of a small budget', budget: 16, lineWindow: 4 },
  { name: 'a quarter, rounded down', budget: 127, lineWindow: 31 },
  { name: '32 tokens from 128 on', budget: 128, lineWindow: 32 },
  { name: '32 tokens of a big budget', budget: 8192, lineWindow: 32 },
])('the window for a line end: $name', ({ budget, lineWindow }) => {
  expect(planned(100_000, 1, given(budget), given(10)).lineWindow).toBe(lineWindow);
});

describe('what does not fit', () => {
  test.each([
    // window 1000, prompt 500, closer 4: 496 are free
    { name: 'thinking shrinks first', thinking: byDefault(512), answer: byDefault(300), gets: [196, 300] },
    {
      name: 'thinking goes down to 16, then the answer',
      thinking: byDefault(512),
      answer: byDefault(490),
      gets: [16, 480],
    },
    { name: 'an answer that was given is kept', thinking: byDefault(512), answer: given(480), gets: [16, 480] },
    { name: 'thinking that was given shrinks as well', thinking: given(400), answer: byDefault(300), gets: [196, 300] },
    {
      name: 'whoever set it, it goes down to 16, then the answer',
      thinking: given(464),
      answer: byDefault(1024),
      gets: [16, 480],
    },
    { name: 'a given answer leaves less than 16', thinking: given(464), answer: given(490), gets: [6, 490] },
    { name: 'a given answer leaves nothing', thinking: given(464), answer: given(496), gets: [0, 496] },
    { name: 'a small default is not raised', thinking: byDefault(8), answer: given(488), gets: [8, 488] },
    { name: 'both were given and just fit', thinking: given(396), answer: given(100), gets: [396, 100] },
  ])('$name', ({ thinking, answer, gets }) => {
    const { thinkingTokens, answerTokens } = planned(1000, 500, thinking, answer);
    expect([thinkingTokens, answerTokens]).toEqual(gets);
  });

  test('a default that was lowered is a warning with both numbers', () => {
    expect(planned(1000, 500, byDefault(512), byDefault(490)).warnings).toEqual([
      expect.stringMatching(/thinking_budget.* 512 .* 16 .*1000/),
      expect.stringMatching(/answer_tokens.* 490 .* 480 .*1000/),
    ]);
  });

  test.each([
    {
      name: 'an answer that was given',
      thinking: byDefault(512),
      answer: given(600),
      numbers: ['500', '1000', '4', '600'],
    },
    {
      name: 'by one token',
      thinking: given(397),
      answer: given(497),
      numbers: ['500', '1000', '4', '497'],
    },
  ])('an overflow names the numbers: $name', ({ thinking, answer, numbers }) => {
    const overflow = (): Plan => planned(1000, 500, thinking, answer);
    expect(overflow).toThrow(ContextOverflowError);
    for (const number of numbers) expect(overflow).toThrow(new RegExp(String.raw`\b${number}\b`));
  });

  test('a prompt longer than the window is an overflow too', () => {
    expect(() => planned(1000, 1200, byDefault(512), byDefault(1024))).toThrow(ContextOverflowError);
  });
});

test.each([
  { name: 'on, and the prompt closes it', budget: 100, state: 'closed', words: /switched on.* closed/ },
  { name: 'off, and the prompt leaves it open', budget: 0, state: 'open', words: /switched off.* open/ },
] as const)('thinking not as asked for is an error that says so: $name', ({ budget, state, words }) => {
  const notAsAsked = (): Plan => planned(10_000, 100, given(budget), given(100), state);
  expect(notAsAsked).toThrow(EngineUnsupportedError);
  expect(notAsAsked).toThrow(words);
});

test.each([
  { name: 'on', budget: 100, mechanism: 'stream', maxTokens: 100 + 8 + 100 },
  { name: 'off', budget: 0, mechanism: 'off', maxTokens: 100 },
])('a prompt that says nothing of thinking will do, with room for what the model opens itself: $name', (row) => {
  const { mechanism, maxTokens } = row;
  const result = planned(10_000, 100, given(row.budget), given(100), 'none');
  expect(result).toMatchObject({ mechanism, closerTokens: 8, maxTokens });
});

const amount = (most: number): fc.Arbitrary<Amount> => fc.record({ tokens: fc.nat(most), given: fc.boolean() });

/** Undefined where it does not fit. */
function plannedIfItFits(...all: Parameters<typeof planned>): Plan | undefined {
  try {
    return planned(...all);
  } catch (error) {
    if (error instanceof ContextOverflowError) return undefined;
    throw error;
  }
}

test('prompt, thinking, closer and answer never exceed the window, and an answer that was given is never changed', () => {
  const prompt = fc.record({ window: fc.nat(5000), promptTokens: fc.nat(3000), says: fc.boolean() });
  const answer = amount(3000).filter(({ tokens }) => tokens > 0);
  fc.assert(
    fc.property(prompt, amount(3000), answer, ({ window, promptTokens, says }, budget, answerTokens) => {
      const state = says ? undefined : 'none';
      const result = plannedIfItFits(window, promptTokens, budget, answerTokens, state);
      fc.pre(result !== undefined);
      const { thinkingTokens, closerTokens, maxTokens } = result;
      expect(promptTokens + thinkingTokens + closerTokens + result.answerTokens).toBeLessThanOrEqual(window);
      expect(promptTokens + maxTokens).toBeLessThanOrEqual(window);
      const shares = [
        { asked: { ...budget, given: false }, got: thinkingTokens },
        { asked: answerTokens, got: result.answerTokens },
      ];
      const changed = shares.filter(({ asked, got }) => got !== asked.tokens);
      expect(changed.filter(({ asked, got }) => asked.given || got > asked.tokens)).toEqual([]);
      expect(result.warnings).toHaveLength(changed.length);
      expect(result.lineWindow).toBeLessThanOrEqual(thinkingTokens / 4);
    }),
    { numRuns: 300 },
  );
});

test('only an overflow that no shrinking could avoid is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 400, max: 5000 }), amount(300), (window, budget) => {
      const closer = budget.tokens === 0 ? 0 : 4;
      const longest = window - closer - 32;
      expect(planned(window, longest, budget, byDefault(1024)).answerTokens).toBe(32);
      expect(() => planned(window, longest + 1, budget, byDefault(1024))).toThrow(ContextOverflowError);
    }),
  );
});

test('a prompt that is longer than the window is refused as that: a shorter answer would not help', () => {
  expect(() => planned(256, 927, byDefault(0), byDefault(1024))).toThrow(
    /^the prompt takes 927 tokens, more than the 256 tokens in the model's window$/,
  );
});

test('a server that holds the budget itself is told what the prompt adds to its count', () => {
  const { nativeBudget, maxTokens } = planned(10_000, 100, given(512), given(1024), 'open', 'native');
  expect(nativeBudget).toBe(512 + 1);
  expect(maxTokens).toBe(512 + 4 + 1024);
});

test('a first request that is capped has room for the thinking and its marker, not for the answer', () => {
  expect(planned(10_000, 100, given(512), given(1024), 'open', 'two_call').maxTokens).toBe(512 + 4);
});

/** Whatever a model writes, a tool's text and structured content together stay under what clients take. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import { toBatchResult, type ItemEnd } from '../../src/report/batch.ts';
import { batchResultSchema, runResultSchema } from '../../src/report/schema.ts';
import { shortened } from '../../src/report/text.ts';
import { batchToolResult, runToolResult, type ToolResult } from '../../src/report/tool-result.ts';
import { MOST_CHARACTERS } from '../support/results.ts';

const ENDS = ['model', 'budget', 'deadline', 'unclosed', 'none', 'server', 'off'] as const;

/** Long texts cheaply: a short one many times. */
function long(part: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> {
  return fc.tuple(part, fc.nat(most)).map(([text, length]) => text.repeat(Math.ceil(length / text.length)));
}

/** As models write: words, code, mathematics, other scripts; and what takes more room in JSON than as text. */
const usual = fc.constantFrom(
  '"',
  '"a": "\n',
  '\u0001',
  'word ',
  'so {"a": "b"}\n',
  'x^2 \\cdot y\n',
  '数学は',
  '👩‍👩‍👧 ',
  '\n\n- a',
  'é',
);

function outcomes(text: fc.Arbitrary<string>): fc.Arbitrary<Outcome> {
  const count = fc.nat(32_768);
  return fc.record({
    runId: fc.uuid(),
    model: fc.constant('nvidia/NVIDIA-Nemotron-Nano-9B-v2'),
    budget: count,
    mechanism: fc.constantFrom('stream', 'off', 'native', 'two_call'),
    reusedTokens: fc.constant(undefined),
    honored: fc.boolean(),
    countedBy: fc.constantFrom('ids', 'usage', 'tokenizer', 'estimate'),
    thinkingEndedBy: fc.constantFrom(...ENDS),
    reasoning: text,
    answer: text.map((answer) => answer.trim() || '4'),
    answerEndedBy: fc.constantFrom('stop', 'length', 'deadline'),
    counts: fc.record({
      prompt: count,
      received: count,
      thinking: count,
      marker: count,
      closer: count,
      answer: count,
      endOfTurn: count,
      dropped: count,
    }),
    requests: fc.integer({ min: 1, max: 3 }),
    flow: fc.record({ chunks: count, arrivals: count }),
    timing: fc.record({
      firstTokenMs: fc.nat(60_000),
      firstAnswerTokenMs: fc.nat(60_000),
      totalMs: fc.nat(60_000),
      tokensPerSecond: fc.nat(5000),
      plannedThinkingTokens: count,
      deadlineMs: fc.option(fc.nat(600_000), { nil: undefined }),
    }),
    warnings: fc.subarray(['thinking_budget was lowered from 1024 to 512 to fit the model’s window of 2048 tokens']),
  });
}

function sizeOf({ text, structured }: ToolResult): number {
  return text.length + JSON.stringify(structured).length;
}

/** No half of a surrogate pair: bytes would not give it back. */
function expectWhole(text: string): void {
  expect(Buffer.from(text).toString()).toBe(text);
}

test('a run of any length fits, begins with its answer, and is valid', () => {
  fc.assert(
    fc.property(outcomes(long(usual, 50_000)), fc.boolean(), (outcome, withReasoning) => {
      const result = runToolResult(outcome, withReasoning);
      expect(sizeOf(result)).toBeLessThanOrEqual(MOST_CHARACTERS);
      const run = runResultSchema.parse(result.structured);
      expect(result.text.startsWith(run.answer)).toBe(true);
      expectWhole(run.answer);
      expect(run.reasoning === undefined).toBe(!withReasoning);
    }),
    { numRuns: 60 },
  );
});

function batch(text: fc.Arbitrary<string>): fc.Arbitrary<readonly ItemEnd[]> {
  const answered = outcomes(text).map((outcome): ItemEnd => ({ kind: 'answered', outcome }));
  const failed = fc.record({
    kind: fc.constant('failed' as const),
    error: fc.constantFrom('the item is blank', 'e'.repeat(400)),
    thinkingTokens: fc.nat(100),
    reasoning: text,
  });
  const remaining = fc.constant<ItemEnd>({ kind: 'remaining' });
  const some = fc.array(fc.oneof({ weight: 4, arbitrary: answered }, failed, remaining), {
    minLength: 1,
    maxLength: 8,
  });
  // up to a thousand, by repeating a few
  return fc
    .tuple(some, fc.integer({ min: 1, max: 1000 }))
    .map(([ends, count]) =>
      Array.from({ length: count }, (_, index) => ends[index % ends.length] ?? { kind: 'remaining' }),
    );
}

test('a batch of any size fits, in order, and is valid', () => {
  fc.assert(
    fc.property(batch(long(usual, 5000)), (ends) => {
      const whole = toBatchResult(ends, 1000);
      const result = batchToolResult(whole, 'a5a5a5a5-0000-4000-8000-000000000000');
      expect(sizeOf(result)).toBeLessThanOrEqual(MOST_CHARACTERS);
      const { results, remaining, totals } = batchResultSchema.parse(result.structured);
      expect(totals.items).toBe(ends.length);
      expect(remaining).toEqual(whole.remaining);
      expect(whole.results.slice(0, results.length).map(({ index }) => index)).toEqual(
        results.map(({ index }) => index),
      );
      expect(results.length === whole.results.length || result.text.includes('thinkmeter://runs/')).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a batch fits also where every item has a warning of its own', () => {
  const [outcome] = fc.sample(outcomes(fc.constant('Yes.')), { numRuns: 1, seed: 1 });
  if (outcome === undefined) throw new Error('no outcome');
  const ends = Array.from({ length: 1000 }, (_, index): ItemEnd => {
    const warnings = [`thinking_budget was lowered from 1024 to ${index} to fit the model’s window of 2048 tokens`];
    return { kind: 'answered', outcome: { ...outcome, warnings } };
  });
  const result = batchToolResult(toBatchResult(ends, 1000), 'a5a5a5a5-0000-4000-8000-000000000000');
  expect(sizeOf(result)).toBeLessThanOrEqual(MOST_CHARACTERS);
});

test('a shortened text is no longer than asked for, a beginning of the whole, and ends in no half character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.nat(300), (text, most) => {
      const short = shortened(text, most, 'thinkmeter://runs/1');
      expect(short.length).toBeLessThanOrEqual(Math.max(most, 1));
      expectWhole(short);
      const kept = text.length <= most ? text.length : short.replace(/…( \(full text: [^)]*\))?$/, '').length;
      expect(short.slice(0, kept)).toBe(text.slice(0, kept));
    }),
  );
});

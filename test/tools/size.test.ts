/** However long things get: text and structured content together stay under the limit, and the whole is behind the link. */
import { beforeAll, expect, test } from 'vitest';
import { byQuestion } from '../support/by-question.ts';
import { connect, type Connection } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { batchResult, runResult, sizeOf, MOST_CHARACTERS } from '../support/results.ts';

const line = 'It says "no\\yes" and then goes on.\n';
const LONG_ANSWER = line.repeat(500).trimEnd();
/** The lines differ: equal ones would be a loop. */
const LONG_REASONING = Array.from({ length: 1100 }, (_, index) => `${index} ${line}`)
  .join('')
  .trimEnd();

let client: Connection;

beforeAll(async () => {
  const fake = await startFakeVllm({
    window: 100_000,
    // many ids a chunk: a long text costs few events
    misbehave: { idsPerChunk: 32 },
    script: byQuestion({
      'long answer': thinks('Well.', LONG_ANSWER),
      'long reasoning': thinks(LONG_REASONING, 'The answer is 4.'),
      'long everything': thinks(LONG_REASONING, LONG_ANSWER),
      item: ({ text }) => `${line.repeat(2)}It is ${/item \d+/.exec(text)?.[0]}`,
    }),
  });
  client = await connect({ fake });
  return async () => {
    await client.close();
    await fake.close();
  };
});

test('a long answer is shortened in the result, and whole behind the link', async () => {
  const result = await client.call('reason', { question: 'long answer', answer_tokens: 32_768 });
  const { answer } = runResult(result);
  expect(answer.length).toBeLessThan(LONG_ANSWER.length);
  expect(answer.slice(0, 10_000)).toBe(LONG_ANSWER.slice(0, 10_000));
  expect(answer).toContain(result.link);
  expect(JSON.parse(await client.read(result.link ?? ''))).toMatchObject({ answer: LONG_ANSWER });
});

test('a long reasoning is shortened where it was asked for, and whole behind the link', async () => {
  const args = { question: 'long reasoning', thinking_budget: 32_768, include_reasoning: true };
  const result = await client.call('reason', args);
  const { answer, reasoning = '' } = runResult(result, { reasoning: true });
  expect(answer).toBe('The answer is 4.');
  expect(reasoning.length).toBeGreaterThan(20_000);
  expect(reasoning.length).toBeLessThan(LONG_REASONING.length);
  expect(reasoning).toContain(result.link);
  const whole = JSON.parse(await client.read(result.link ?? '')) as { reasoning: string };
  expect(whole.reasoning.trim()).toBe(LONG_REASONING);
});

test('a long answer and a long reasoning share the room', async () => {
  const args = { question: 'long everything', thinking_budget: 32_768, answer_tokens: 32_768, include_reasoning: true };
  expect(sizeOf(await client.call('reason', args))).toBeLessThanOrEqual(MOST_CHARACTERS);
});

test('a batch of 1000 items comes back shortened, in order, and whole behind the link', async () => {
  // most are blank, which costs no generation and still makes a result each
  const items = Array.from({ length: 1000 }, (_, index) => (index % 50 === 0 ? `item ${index}` : ' '));
  const args = { instruction: 'What is it?', items, thinking_budget: 0, max_seconds: 300 };
  const result = await client.call('analyze_batch', args);
  const batch = batchResult(result);
  expect(batch.totals).toMatchObject({ items: 1000, failed: 980 });
  expect(batch.results.length).toBeGreaterThan(80);
  expect(batch.warnings.join()).toContain(result.link);
  const whole = JSON.parse(await client.read(result.link ?? '')) as ReturnType<typeof batchResult>;
  expect(whole.results.map(({ index }) => index)).toEqual(items.map((_, index) => index));
  for (const { index, answer, error } of whole.results) {
    expect(answer?.endsWith(`item ${index}`) ?? error === 'the item is blank', `item ${index}`).toBe(true);
  }
});

test('a shortened batch still says how many items are done', async () => {
  const items = Array.from({ length: 1000 }, () => ' ');
  const result = await client.call('analyze_batch', { instruction: 'What is it?', items });
  expect(batchResult(result).results.length).toBeLessThan(1000);
  expect(result.text).toMatch(/\n\n\[1000 of 1000 items, 1000 failed, /);
});

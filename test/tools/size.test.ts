/** However long things get: text and structured content together stay under the limit, and the whole is behind the link. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { batchResult, runResult, sizeOf, MOST_CHARACTERS } from '../support/results.ts';

const LONG = 'It says "no\\yes" and then goes on.\n'.repeat(1000).trimEnd();

async function start(script: Script): Promise<Connection> {
  // many ids a chunk: a long text costs few events
  const fake = await startFakeVllm({ script, window: 100_000, misbehave: { idsPerChunk: 256 } });
  onTestFinished(() => fake.close());
  const client = await connect({ fake });
  onTestFinished(() => client.close());
  return client;
}

test('a long answer is shortened in the result, and whole behind the link', async () => {
  const client = await start(thinks('Well.', LONG));
  const result = await client.call('reason', { question: 'x', answer_tokens: 32_768 });
  const { answer } = runResult(result);
  expect(LONG.length).toBeGreaterThan(30_000);
  expect(answer.length).toBeLessThan(LONG.length);
  expect(answer.slice(0, 1000)).toBe(LONG.slice(0, 1000));
  expect(answer).toContain(result.link);
  expect(JSON.parse(await client.read(result.link ?? ''))).toMatchObject({ answer: LONG });
});

test('a long reasoning is shortened where it was asked for, and whole behind the link', async () => {
  const client = await start(thinks(LONG, 'The answer is 4.'));
  const args = { question: 'x', thinking_budget: 32_768, include_reasoning: true };
  const result = await client.call('reason', args);
  const { answer, reasoning = '' } = runResult(result, { reasoning: true });
  expect(answer).toBe('The answer is 4.');
  expect(reasoning.length).toBeGreaterThan(20_000);
  expect(reasoning.length).toBeLessThan(LONG.length);
  expect(reasoning).toContain(result.link);
  const whole = JSON.parse(await client.read(result.link ?? '')) as { reasoning: string };
  expect(whole.reasoning.trim()).toBe(LONG);
});

test('a long answer and a long reasoning share the room', async () => {
  const client = await start(thinks(LONG, LONG));
  const args = { question: 'x', thinking_budget: 32_768, answer_tokens: 32_768, include_reasoning: true };
  expect(sizeOf(await client.call('reason', args))).toBeLessThanOrEqual(MOST_CHARACTERS);
});

test('a batch of 1000 items comes back shortened, in order, and whole behind the link', async () => {
  const client = await start(({ text }) => {
    const item = /item (\d+) of/.exec(text)?.[1];
    return text.includes('<think></think>') ? `The answer to item ${item} is that all is well with it.` : 'no';
  });
  const items = Array.from({ length: 1000 }, (_, index) => `item ${index} of many`);
  const args = { instruction: 'Is it well?', items, thinking_budget: 0, max_seconds: 300 };
  const result = await client.call('analyze_batch', args);
  const batch = batchResult(result);
  expect(batch.totals).toMatchObject({ items: 1000, failed: 0 });
  expect(batch.results.length).toBeGreaterThan(50);
  expect(batch.warnings.join()).toContain(result.link);
  const whole = JSON.parse(await client.read(result.link ?? '')) as ReturnType<typeof batchResult>;
  expect(whole.results.map(({ index, answer }) => [index, answer])).toEqual(
    items.map((_, index) => [index, `The answer to item ${index} is that all is well with it.`]),
  );
}, 60_000);

/** `answer_fast`: the same model, with thinking off or kept tiny. */
import { beforeAll, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { runResult } from '../support/results.ts';

let fake: FakeVllm;
let client: Connection;

beforeAll(async () => {
  fake = await startFakeVllm({ model: 'thinkmeter-demo-3', script: neverStopsThinking() });
  client = await connect({ client: 'v1', fake });
  return async () => {
    await client.close();
    await fake.close();
  };
});

function generations(): number {
  return fake.requests.filter(({ path }) => path === '/v1/completions').length;
}

test('it does not think unless asked to, and takes one generation', async () => {
  const result = runResult(await client.call('answer_fast', { question: 'What is six times seven?' }));
  expect(result).toMatchObject({
    answer: 'The answer is 42.',
    model: 'thinkmeter-demo-3',
    thinking: { budget: 0, tokens: 0, ended_by: 'off', mechanism: 'off' },
    answer_ended_by: 'stop',
    usage: { requests: 1 },
  });
  expect(generations()).toBe(1);
  expect(fake.requests.findLast(({ path }) => path === '/v1/completions')?.body).toMatchObject({ max_tokens: 512 });
});

test.each([1, 7, 33, 64, 256])('a budget of %i holds here too', async (budget) => {
  const before = generations();
  const args = { question: 'What is six times seven?', thinking_budget: budget };
  const { thinking, answer } = runResult(await client.call('answer_fast', args));
  expect(thinking).toMatchObject({ budget, ended_by: 'budget', mechanism: 'stream' });
  expect(thinking.tokens).toBeGreaterThan(0);
  expect(answer).toBe('The answer is 42.');
  expect(generations() - before).toBe(2);
});

test('it takes a context, which changes what is asked', async () => {
  const args = { question: 'Whose is it?', context: 'The cat is the farmer’s.', answer_tokens: 20 };
  expect(runResult(await client.call('answer_fast', args)).answer_tokens).toBeLessThanOrEqual(20);
  const [plain, second] = await Promise.all([
    client.call('answer_fast', { question: 'Whose is it?' }),
    client.call('answer_fast', args),
  ]);
  expect(runResult(second).usage.prompt_tokens).toBeGreaterThan(runResult(plain).usage.prompt_tokens);
});

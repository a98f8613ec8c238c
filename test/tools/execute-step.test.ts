/** `execute_step` and the prompts, called as clients call them. */
import { expect, onTestFinished, test } from 'vitest';
import { CLIENTS, connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake } from '../support/start-fake.ts';

async function open(): Promise<{ client: Connection; prompt: () => string }> {
  const fake = await startFake({ window: 8192, script: neverStopsThinking() });
  const client = await connect({ fake });
  onTestFinished(() => client.close());
  return { client, prompt: () => JSON.stringify(fake.requests.map(({ body }) => body)) };
}

test('a step has the task, then its context, and the budget of its complexity', async () => {
  const { client, prompt } = await open();
  const args = { task: 'Choose the queue.', context: 'Ticket 7: refund', complexity: 'simple' };
  const { thinking } = runResult(await client.call('execute_step', args));
  expect(thinking).toMatchObject({ budget: 128, tokens: 128, ended_by: 'budget' });
  expect(prompt()).toMatch(
    /Choose the queue\..*<context>.*Ticket 7: refund.*<\/context>.*Reason carefully, then answer\./,
  );
});

test.each([
  { args: {}, budget: 512 },
  { args: { complexity: 'critical' }, budget: 2048 },
  { args: { thinking_budget: 7, complexity: 'critical' }, budget: 7 },
])('$args: a budget of $budget', async ({ args, budget }) => {
  const { client } = await open();
  const { thinking } = runResult(await client.call('execute_step', { task: 'Do it.', ...args }));
  expect(thinking.budget).toBe(budget);
});

test('a step continues another, with a new task or without one', async () => {
  const { client } = await open();
  const first = runResult(await client.call('execute_step', { task: 'Plan it.', thinking_budget: 20 }));
  const args = { continue_run: first.run_id, thinking_budget: 10 };
  const same = runResult(await client.call('execute_step', args));
  expect(same.usage.reused_tokens).toBe(first.thinking.tokens);
  const other = runResult(await client.call('execute_step', { ...args, task: 'Now do it.' }));
  expect(other.usage.reused_tokens).toBe(first.thinking.tokens);
});

test('without a task and without a run, an error says what is missing', async () => {
  const { client } = await open();
  expect(errorSentence(await client.call('execute_step', { context: 'x' }))).toContain('task');
});

test.each(CLIENTS)('prompts are listed and filled in, for %s', async (name) => {
  const client = await connect({ client: name, env: { THINKMETER_ENGINE: 'demo' } });
  onTestFinished(() => client.close());
  expect(await client.listPrompts()).toEqual([
    'think_hard',
    'second_opinion',
    'classify_and_route',
    'deep_batch_analysis',
  ]);
  const text = await client.prompt('classify_and_route', { records: 'a refund\na bug' });
  expect(text).toMatch(/analyze_batch with thinking_budget 128/);
  expect(text).toContain('a refund\na bug');
  expect(text).toContain('choose three to six categories');
  const chosen = await client.prompt('classify_and_route', { records: 'x', categories: 'billing, support' });
  expect(chosen).toContain('The categories: billing, support');
});

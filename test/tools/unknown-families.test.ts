/** Models with names that nobody knows: their switch is found by its effect, and control tokens never count as an answer. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { LOOKS, thinksAs } from '../support/fake-vllm/families.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import type { FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { startFakeServer } from '../support/fake-servers/server.ts';
import { startFake } from '../support/start-fake.ts';
import { runResult } from '../support/results.ts';

const THOUGHT = 'Six times seven is 42.\n';
const ANSWER = 'The answer is 42.';
const question = 'What is six times seven?';

async function start(options: FakeVllmOptions): Promise<Connection> {
  const fake = await startFake({ servedName: 'my-own-model', reasoning: 'absent', window: 8192, ...options });
  const client = await connect({ fake, env: { THINKMETER_MECHANISM: 'stream' } });
  onTestFinished(() => client.close());
  return client;
}

test.each(['deepseek-v3.1', 'glm-4.5', 'gemma-4', 'seed-oss', 'harmony', 'qwen-3-thinking'] as const)(
  'an unknown model with the template of %s is switched, counted and cut all the same',
  async (look) => {
    const client = await start({ look, script: thinksAs(look, { thought: THOUGHT, answer: ANSWER }) });
    const on = runResult(await client.call('reason', { question, thinking_budget: 64 }));
    expect(on).toMatchObject({ answer: ANSWER, thinking: { ended_by: 'model', honored: true }, warnings: [] });
    expect(on.thinking.tokens).toBeGreaterThan(3);
    const cut = runResult(await client.call('reason', { question, thinking_budget: 2 }));
    expect(cut).toMatchObject({ answer: ANSWER, thinking: { ended_by: 'budget', honored: true } });
  },
);

// ggml-org/llama.cpp#15731, llama-farm/llamafarm#753, scouzi1966/maclocal-api#121
test.each([
  { look: 'harmony', shown: '<|channel|>' },
  { look: 'magistral', shown: '[THINK]' },
  { look: 'seed-oss', shown: '<seed:think>' },
  { look: 'gemma-4', shown: '<|channel>' },
] as const)('control tokens of $look from a model by messages are no answer, and nothing was honored', async (row) => {
  const { start: begins, end, between } = LOOKS[row.look];
  const script: Script = () => begins + THOUGHT + end + between + ANSWER;
  const client = await start({ look: row.look, script, misbehave: { noTokenize: true, noCompletions: true } });
  for (const thinking_budget of [16, 0]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const run = runResult(await client.call('reason', { question, thinking_budget }), { honored: false });
    expect(run.answer).toBe(ANSWER);
    expect(run.warnings.join()).toContain(row.shown);
  }
});

test('a known start marker without an end leaves no token in the answer', async () => {
  const client = await start({
    look: 'harmony',
    script: () => '<|channel|>analysis<|message|>The user asks for',
    misbehave: { noTokenize: true, noCompletions: true },
  });
  const run = runResult(await client.call('reason', { question, thinking_budget: 16 }), { honored: false });
  expect(run.answer).not.toMatch(/<\|/);
});

// QuantumNous/new-api#802: a question about the tokens is answered with them
test.each([
  'It is `<|im_end|>`, and nothing else.',
  'Use:\n```\n<|im_start|>user\n```\nDone.',
  '<|im_end|>',
  'The name is "<|eot_id|>".',
])('an answer about control tokens stays whole: %j', async (said) => {
  const fake = await startFakeServer('transformers', { script: () => said, name: 'my-own-model' });
  onTestFinished(() => fake.close());
  const client = await connect({ fake });
  onTestFinished(() => client.close());
  expect(runResult(await client.call('answer_fast', { question })).answer).toBe(said);
});

test('a model without a switch that did not think: one warning', async () => {
  const client = await start({ look: 'magistral', script: () => ANSWER });
  const run = runResult(await client.call('reason', { question, thinking_budget: 64 }));
  expect(run.warnings).toEqual([expect.stringContaining('the model did not think')]);
  expect(runResult(await client.call('answer_fast', { question })).warnings).toEqual([]);
});

/** `reason`, called as clients call it: what comes back, and what it cost upstream. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { byQuestion } from '../support/by-question.ts';
import { connect, type CallResult, type Connection } from '../support/connect.ts';
import { loadModel } from '../support/fake-vllm/model.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type RecordedRequest } from '../support/fake-vllm/server.ts';
import { promptIds } from '../support/untrusted.ts';
import { runResult } from '../support/results.ts';

const ENDLESS = 'think for ever';
const CLOSES = 'what is two and two';
const UNCLOSED = 'stop in mid-thought';

let fake: FakeVllm;
let client: Connection;

beforeAll(async () => {
  fake = await startFakeVllm({
    window: 8192,
    script: byQuestion({
      [ENDLESS]: neverStopsThinking(),
      [CLOSES]: thinks('2 + 2 is 4, and 4 is even.', 'The answer is 4.'),
      // its turn ends with thinking open; asked again, it answers
      [UNCLOSED]: ({ text }) => (text.endsWith('<think>\n') ? 'Two and two is' : 'The answer is 4.'),
    }),
  });
  client = await connect({ fake });
  return async () => {
    await client.close();
    await fake.close();
  };
});

/** A call, and the generations that it asked for. */
async function reason(
  args: Readonly<Record<string, unknown>>,
  from: Connection = client,
): Promise<{ result: CallResult; generations: readonly RecordedRequest[] }> {
  const before = fake.requests.length;
  const result = await from.call('reason', args);
  return { result, generations: fake.requests.slice(before).filter(({ path }) => path === '/v1/completions') };
}

function idsIn({ body }: RecordedRequest): readonly number[] {
  return promptIds('thinkmeter-demo', body['prompt']);
}

function decoded(ids: readonly number[]): string {
  return loadModel('thinkmeter-demo').decode(ids, { skipSpecialTokens: false });
}

test('thinking that closes by itself flows into the answer in one generation', async () => {
  const { result, generations } = await reason({ question: CLOSES });
  expect(generations).toHaveLength(1);
  expect(runResult(result)).toMatchObject({
    answer: 'The answer is 4.',
    model: 'thinkmeter-demo',
    thinking: { budget: 512, tokens: 16, ended_by: 'model', mechanism: 'stream', counted_by: 'ids' },
    answer_tokens: 6,
    answer_ended_by: 'stop',
    usage: { requests: 1, received_tokens: generations[0]?.sentTokens },
    warnings: [],
  });
});

test.each([1, 7, 33, 64, 256])('a budget of %i holds against a model that never stops thinking', async (budget) => {
  const { result, generations } = await reason({ question: ENDLESS, thinking_budget: budget });
  const { thinking, answer, usage } = runResult(result);
  expect(thinking).toMatchObject({ budget, ended_by: 'budget', mechanism: 'stream', honored: true });
  expect(thinking.tokens).toBeGreaterThan(0);
  // never further back than to the last line end near by
  expect(thinking.tokens).toBeGreaterThanOrEqual(budget - Math.min(32, Math.floor(budget / 4)));
  expect(answer).toBe('The answer is 42.');
  expect(usage.requests).toBe(2);
  expect(generations).toHaveLength(2);
});

test('after a cut the second generation begins with the very ids of the first, and adds the closer only', async () => {
  const { result, generations } = await reason({ question: ENDLESS, thinking_budget: 64, answer_tokens: 99 });
  const { thinking, usage } = runResult(result);
  const [first = [], second = []] = generations.map(idsIn);
  expect(second.slice(0, first.length)).toEqual(first);
  const closer = second.slice(first.length + thinking.tokens);
  expect(decoded(closer)).toMatch(/^\n?<\/think>\n\n$/);
  // the end of the answer's turn is overhead as well
  expect(thinking.overhead_tokens).toBe(closer.length + 1);
  expect(usage.prompt_tokens).toBe(first.length + second.length);
  expect(generations[1]?.body).toMatchObject({ max_tokens: 99 });
});

test('a budget of zero is the model’s own switch: thinking is closed in the prompt, and one generation answers', async () => {
  const { result, generations } = await reason({ question: CLOSES, thinking_budget: 0 });
  const open = await reason({ question: CLOSES });
  expect(runResult(result)).toMatchObject({
    answer: 'The answer is 4.',
    thinking: { budget: 0, tokens: 0, ended_by: 'off', mechanism: 'off', overhead_tokens: 1 },
    usage: { requests: 1 },
  });
  expect(generations).toHaveLength(1);
  expect(generations.map(idsIn)).not.toEqual(open.generations.map(idsIn));
});

test('a turn that ends with thinking open is closed and asked once for the answer', async () => {
  const { result, generations } = await reason({ question: UNCLOSED });
  expect(runResult(result)).toMatchObject({ answer: 'The answer is 4.', thinking: { ended_by: 'unclosed' } });
  expect(generations).toHaveLength(2);
});

test('an answer at its limit says so, in the result and in the text', async () => {
  const { result } = await reason({ question: CLOSES, answer_tokens: 3 });
  expect(runResult(result)).toMatchObject({ answer_tokens: 3, answer_ended_by: 'length' });
  expect(result.text).toContain('answer 3 tokens (cut by length)');
});

test('include_reasoning returns the reasoning; without it there is no such field', async () => {
  const { result } = await reason({ question: CLOSES, include_reasoning: true });
  expect(runResult(result, { reasoning: true }).reasoning?.trim()).toBe('2 + 2 is 4, and 4 is even.');
  const without = await reason({ question: CLOSES, include_reasoning: false });
  expect(runResult(without.result)).not.toHaveProperty('reasoning');
});

test('the linked resource holds the reasoning and the same numbers', async () => {
  const { result } = await reason({ question: ENDLESS, thinking_budget: 33 });
  const run = runResult(result);
  const kept: unknown = JSON.parse(await client.read(result.link ?? ''));
  expect(kept).toMatchObject(run);
  expect(kept).toMatchObject({ reasoning: expect.stringContaining('Let me check that once more.') });
  expect(await client.listRuns()).toContain(result.link);
});

test('with resource links off the link is left out, and the run can be read all the same', async () => {
  const plain = await connect({ fake, env: { THINKMETER_RESOURCE_LINKS: 'off' } });
  onTestFinished(() => plain.close());
  const { result } = await reason({ question: CLOSES }, plain);
  expect(result).toMatchObject({ isError: false, parts: 1, link: undefined });
  const { run_id: id } = result.structured as { run_id: string };
  expect(JSON.parse(await plain.read(`thinkmeter://runs/${id}`))).toMatchObject({ answer: 'The answer is 4.' });
});

test('a run that never was cannot be read, and the error says which', async () => {
  await expect(client.read('thinkmeter://runs/nope')).rejects.toThrow('run nope does not exist');
});

test('the context comes first, between its lines, then the question', async () => {
  const { generations } = await reason({ question: CLOSES, context: 'the moon is full' });
  const [first = []] = generations.map(idsIn);
  expect(decoded(first)).toContain(`<context>\nthe moon is full\n</context>\n\n${CLOSES}`);
});

describe('the budget', () => {
  const levels = [
    { complexity: 'simple', budget: 128 },
    { complexity: 'medium', budget: 512 },
    { complexity: 'complex', budget: 1024 },
    { complexity: 'critical', budget: 2048 },
  ];

  test.each(levels)('is $budget where the complexity is $complexity', async ({ complexity, budget }) => {
    const { result } = await reason({ question: CLOSES, complexity });
    expect(runResult(result)).toMatchObject({ thinking: { budget }, warnings: [] });
  });

  test('is the number where both are given, with a warning in result and text', async () => {
    const { result } = await reason({ question: CLOSES, thinking_budget: 77, complexity: 'critical' });
    const { thinking, warnings } = runResult(result);
    expect(thinking.budget).toBe(77);
    expect(warnings).toEqual([expect.stringMatching(/complexity.*77/)]);
    expect(result.text).toContain(`note: ${warnings[0]}`);
  });

  test('is the use case’s default where the operator set one, and the call says nothing', async () => {
    const edge = await connect({ fake, env: { THINKMETER_USE_CASE: 'edge' } });
    onTestFinished(() => edge.close());
    expect(runResult((await reason({ question: CLOSES }, edge)).result).thinking.budget).toBe(128);
    const named = await reason({ question: CLOSES, complexity: 'medium' }, edge);
    expect(runResult(named.result).thinking.budget).toBe(512);
  });

  test('shrinks to the window where it is a default, with a warning', async () => {
    const { result } = await reason({ question: CLOSES, complexity: 'critical', answer_tokens: 7000 });
    const { thinking, warnings } = runResult(result);
    expect(thinking.budget).toBeLessThan(1192);
    expect(warnings).toEqual([expect.stringMatching(/lowered from 2048 to \d+ .* 8192/)]);
  });
});

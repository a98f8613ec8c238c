/** `thinking_token_budget` beyond the recordings: what counts, what is forced, and who refuses it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadModel } from '../support/fake-vllm/model.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { chat, chatStream, postChat } from './chat-client.ts';
import { post, stream } from './stream-client.ts';

/** One token a character, each way of thinking. */
const script = thinks('123456789', 'done');
const three = 'thinkmeter-demo-3';

async function start(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ model: three, script, ...options });
  onTestFinished(() => fake.close());
  return fake;
}

const shown = { skip_special_tokens: false };

describe('the budget counts from the last <think> on, the prompt among it', () => {
  test.each([
    { name: 'none', prompt: '<think>\n', budget: 0, text: '</think>done' },
    { name: 'what the line end of the template takes', prompt: '<think>\n', budget: 1, text: '</think>done' },
    { name: 'one more', prompt: '<think>\n', budget: 2, text: '1</think>done' },
    { name: 'no line end in the prompt', prompt: '<think>', budget: 2, text: '12</think>done' },
    { name: 'a thought in the prompt', prompt: '<think>\n1234', budget: 6, text: '5</think>done' },
    { name: 'a thought in the prompt that is too long', prompt: '<think>\n1234', budget: 3, text: '</think>done' },
    { name: 'an earlier thought', prompt: '<think>abcdef</think>ok<think>\n', budget: 3, text: '12</think>done' },
    { name: 'spent as the model would end', prompt: '<think>\n', budget: 11, text: '123456789\n</think>done' },
    { name: 'enough', prompt: '<think>\n', budget: 12, text: '123456789\n</think>\ndone' },
    { name: 'unlimited', prompt: '<think>\n', budget: -1, text: '123456789\n</think>\ndone' },
    { name: 'null', prompt: '<think>\n', budget: null, text: '123456789\n</think>\ndone' },
    { name: 'thinking closed in the prompt', prompt: '<think></think>', budget: 0, text: 'done' },
    { name: 'no thinking at all', prompt: 'abc', budget: 0, text: 'done' },
  ])('$name', async ({ prompt, budget, text }) => {
    const answer = await stream(await start(), { prompt, thinking_token_budget: budget, ...shown });
    expect(answer).toMatchObject({ status: 200, text, finishReason: 'stop' });
  });
});

test('the end is forced id by id and counts as generated', async () => {
  const fake = await start({ reasoningEnd: '\n</think>\n\n', script: neverStopsThinking('hm\n', 'yes') });
  const model = loadModel(three);
  const forced = model.encode('\n</think>\n\n', { specialTokens: false });
  const answer = await stream(fake, { prompt: '<think>\n', thinking_token_budget: 4, ...shown });
  expect(forced.length).toBeGreaterThan(2);
  expect(answer.ids.slice(3, 3 + forced.length)).toEqual(forced);
  expect(answer.text).toMatch(/^hm\n?.*\n<\/think>\n\nyes$/s);
});

test('a limit on all tokens cuts inside the forced end', async () => {
  const fake = await start({ reasoningEnd: ' Time is up.</think>' });
  const answer = await stream(fake, { prompt: '<think>\n', thinking_token_budget: 3, max_tokens: 4, ...shown });
  expect(answer).toMatchObject({ finishReason: 'length' });
  expect(answer.text).not.toContain('</think>');
});

test('after a forced end a new thought has a budget of its own', async () => {
  const fake = await start({ script: ({ text }) => (text.includes('</think>') ? '<think>abcdef' : '123456') });
  const answer = await stream(fake, { prompt: '<think>', thinking_token_budget: 2, max_tokens: 8, ...shown });
  expect(answer.text).toBe('12</think><think>ab</think><think>');
});

describe('where the markers are several tokens, all depends on their neighbours', () => {
  const nano = { model: 'thinkmeter-demo' } as const;

  test('the start of the template is never found: nothing is enforced, and nothing said', async () => {
    const body = { prompt: '<think>\n', thinking_token_budget: 3 };
    expect(await stream(await start(nano), body)).toMatchObject({ status: 200, text: '123456789\n</think>\n\ndone' });
  });

  test('a bare start is found, and the natural end is not: it is forced into the answer', async () => {
    const body = { prompt: '<think>', thinking_token_budget: 15 };
    const answer = await stream(await start(nano), body);
    expect(answer.text).toMatch(/^123456789\n<\/think>\n\n.*<\/think>/s);
  });
});

describe('on the chat road', () => {
  test('the thought is cut, and counted, and the answer follows', async () => {
    const answer = await chat(await start(), { thinking_token_budget: 4 });
    expect(answer.choices[0].message).toEqual({ reasoning: '123', content: 'done' });
    expect(answer.usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: 3 } });
  });

  test('a stream is cut the same', async () => {
    const answer = await chatStream(await start(), { thinking_token_budget: 4 });
    expect(answer).toMatchObject({ reasoning: '123', content: 'done', finishReason: 'stop' });
  });
});

const roads = [
  { road: '/v1/completions', body: { prompt: '<think>\n' } },
  { road: '/v1/chat/completions', body: { messages: [{ role: 'user', content: 'How much?' }] } },
] as const;

describe.each(roads)('$road', ({ road, body }) => {
  test.each(['abc', -2, 1.5, true, [3]])('%j is refused with 400', async (value) => {
    for (const reasoning of ['parser', 'absent', 'v2-runner'] as const) {
      const answer = await post(await start({ reasoning }), road, { ...body, thinking_token_budget: value });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { param: 'thinking_token_budget' } });
    }
  });

  test.each(['abc', -2, 1.5, true, 0])('%j is not even read by a server from before', async (value) => {
    const answer = await post(await start({ reasoning: 'ignored' }), road, { ...body, thinking_token_budget: value });
    expect(answer.status).toBe(200);
  });

  test.each([
    { reasoning: 'absent', text: 'reasoning_config is not configured' },
    { reasoning: 'v2-runner', text: 'not yet supported by the V2 model runner' },
  ] as const)('a budget is refused by $reasoning, in a stream with 200', async ({ reasoning, text }) => {
    const fake = await start({ reasoning });
    const whole = await post(fake, road, { ...body, thinking_token_budget: 5 });
    expect(whole.status).toBe(400);
    expect(await whole.text()).toContain(text);
    const streamed = await post(fake, road, { ...body, thinking_token_budget: 5, stream: true });
    expect(streamed.status).toBe(200);
    expect(await streamed.text()).toMatch(new RegExp(`^data: {"error":.*${text}.*}\n\ndata: \\[DONE\\]\n\n$`));
    expect(fake.generationTokensTotal).toBe(0);
  });

  test.each(['absent', 'v2-runner'] as const)('no limit is no budget for %s', async (reasoning) => {
    const answer = await post(await start({ reasoning }), road, { ...body, thinking_token_budget: -1 });
    expect(answer.status).toBe(200);
  });
});

test('the refusal names the value as Python writes it', async () => {
  const answer = await postChat(await start(), { thinking_token_budget: true });
  expect(await answer.text()).toContain('(parameter=thinking_token_budget, value=True)');
});

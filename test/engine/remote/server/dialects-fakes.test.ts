/** That the fake servers are what they play, where the engine would not notice. */
import { expect, onTestFinished, test } from 'vitest';
import type { FakeServerOptions } from '../../../support/fake-servers/host.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** GET, or POST where there is a body; `path` behind the server's root. */
async function ask(kind: Kind, path: string, body?: object, options: FakeServerOptions = {}): Promise<Answer> {
  const fake = await startFakeServer(kind, options);
  onTestFinished(() => fake.close());
  const named = { model: fake.name, stream: true, ...body };
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(named) };
  const response = await fetch(fake.url.replace(/\/v1$/, '') + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const messages = [{ role: 'user', content: 'What is it?' }];
const CHAT = '/v1/chat/completions';
const TEXT = '/v1/completions';

test.each<[Kind, string, object, RegExp]>([
  ['tensorrt-llm', CHAT, { messages, return_token_ids: true }, /return_token_ids.*not permitted/],
  ['tensorrt-llm', TEXT, { prompt: [1, 2], continue_final_message: true }, /continue_final_message/],
  ['sglang', CHAT, { messages, return_token_ids: true }, /^\{"object":"error"/],
  ['transformers', TEXT, { prompt: [1, 2] }, /^\{"detail":"prompt must be a string/],
  ['build.nvidia.com', CHAT, { messages, reasoning_budget: 5 }, /problem-details/],
])('%s refuses %s with %o', async (kind, path, body, says) => {
  const { status, text } = await ask(kind, path, body);
  expect(status).toBe(400);
  expect(text).toMatch(says);
});

test.each<[Kind, number, string]>([
  ['llama.cpp', 404, '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}'],
  ['sglang', 404, '{"detail":"Not Found"}'],
  ['lm-studio', 200, '{"error":"Unexpected endpoint or method. (GET /version2)"}'],
  ['ollama', 404, '404 page not found'],
  ['lemonade', 200, '<!doctype html><title>Lemonade</title>'],
])('%s has its own words for a path that it has not', async (kind, status, text) => {
  expect(await ask(kind, '/version2')).toMatchObject({ status, text });
});

test('SGLang before 2026 has no template to lend, and sends no ids', async () => {
  const old = { old: true };
  expect((await ask('sglang', '/tokenize', { messages }, old)).status).toBe(400);
  const { text } = await ask('sglang', TEXT, { prompt: 'x', return_token_ids: true }, old);
  expect(text).not.toContain('token_ids');
});

test('transformers ends without a [DONE], and adds the branch to the name', async () => {
  const { text } = await ask('transformers', CHAT, { messages });
  expect(text).toContain('"model":"thinkmeter-demo@main"');
  expect(text).toMatch(/"finish_reason":"stop".*"usage":\{.*\}\s*$/);
});

test('OpenRouter says that it is there, and tells usage with a choice', async () => {
  const { text } = await ask('openrouter', CHAT, { messages });
  expect(text).toMatch(/^: OPENROUTER PROCESSING\n\ndata: /);
  expect(text).toMatch(/"choices":\[\{[^\]]*\],"usage":\{.*"reasoning_tokens":8.*\n\ndata: \[DONE\]\s*$/);
});

test('Ollama counts nothing until the last chunk', async () => {
  const { text } = await ask('ollama', CHAT, { messages, stream_options: { include_usage: true } });
  const counts = [...text.matchAll(/"completion_tokens":(\d+)/g)].map(([, count]) => Number(count));
  expect(counts.slice(0, -1).every((count) => count === 0)).toBe(true);
  expect(counts.at(-1)).toBe(18);
});

test('llama.cpp sends one id a chunk, none within a character, and shows special tokens only when asked', async () => {
  const prompt = '<|im_start|>assistant\n<think>\n';
  const options = { model: 'thinkmeter-demo-3', script: () => 'é🙂</think>x' } as const;
  const { text } = await ask('llama.cpp', '/completion', { prompt }, options);
  const chunks = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as object);
  expect(chunks).toMatchObject([
    { content: 'é', stop: false, tokens: [expect.any(Number)], tokens_predicted: 2 },
    { content: '🙂', stop: false, tokens: [expect.any(Number)], tokens_predicted: 6 },
    { content: '', tokens: [7], tokens_predicted: 7 },
    { content: 'x', tokens_predicted: 8 },
    { content: '', tokens: [5], tokens_predicted: 9 },
    { content: '', tokens: [], stop: true, stop_type: 'eos', tokens_predicted: 9 },
  ]);
  const shown = await ask('llama.cpp', '/completion', { prompt, preserved_tokens: ['</think>'] }, options);
  expect(shown.text).toContain('"content":"</think>"');
});

test('Lemonade has a page for every path that is neither the API nor a file', async () => {
  for (const path of ['/health', '/version', '/props', '/get_model_info']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask('lemonade', path)).toMatchObject({ status: 200, text: expect.stringMatching(/^<!doctype html>/) });
  }
  for (const path of ['/openapi.json', '/v1/metadata', '/api/nothing']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await ask('lemonade', path)).toMatchObject({ status: 404, text: expect.stringContaining('does not exist') });
  }
});

test('Lemonade refuses a model that it does not know by itself, and tells what its llama.cpp refuses within the stream', async () => {
  const unknown = await ask('lemonade', CHAT, { messages, model: 'gpt' });
  expect(unknown).toMatchObject({ status: 404, text: expect.stringContaining('"code":"model_not_found"') });
  const long = await ask('lemonade', TEXT, { prompt: 'x '.repeat(100) }, { window: 64 });
  expect(long).toMatchObject({
    status: 200,
    text: expect.stringMatching(/^data: \{"error":.*"status_code":400\}\}\n\n$/),
  });
});

test('Lemonade continues ids without sending any, shows special tokens only when asked, and counts at the end', async () => {
  const prompt = [4, 5];
  const options = { model: 'thinkmeter-demo-3', script: () => 'é🙂</think>x' } as const;
  const asked = { prompt, return_token_ids: true, skip_special_tokens: false };
  const { text } = await ask('lemonade', TEXT, asked, options);
  const chunks = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json = '']) => JSON.parse(json) as object);
  expect(chunks).toMatchObject([
    ...['é', '🙂', '', 'x', ''].map((said) => ({ choices: [{ text: said, finish_reason: null }] })),
    { choices: [{ text: '', finish_reason: 'stop' }], usage: { prompt_tokens: 2, completion_tokens: 9 } },
  ]);
  expect(text).not.toContain('token_ids');
  expect(text.match(/"usage"/g)).toHaveLength(1);
  expect(text).toMatch(/data: \[DONE\]\s*$/);
  const shown = await ask('lemonade', TEXT, { ...asked, preserved_tokens: ['</think>'] }, options);
  expect(shown.text).toContain('"text":"</think>"');
});

test.each(['llama.cpp', 'lemonade'] as const)(
  '%s sends back the beginning of a turn that it was given',
  async (kind) => {
    const given = { role: 'assistant', content: 'It is four.\n</think>\n\n' };
    const { text } = await ask(kind, CHAT, { messages: [...messages, given] });
    expect(text).toContain('"content":"It is four.\\n</think>\\n\\n"');
  },
);

/** Over chat completions a prompt is only estimated: where the server refuses it, its own numbers decide. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import type { FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake, startRoad, type Detour, type Road } from '../support/road.ts';
import { statusResult } from '../support/status-result.ts';

type Body = { readonly messages?: readonly { readonly content: string }[]; readonly max_tokens?: number };

const WINDOW = 8192;

/** A gateway before a vLLM of this window: no /tokenize, one token a character, and vLLM's words. */
function refuses(words: (prompt: number, answer: number) => string, window = WINDOW): Detour {
  return ({ path, body }) => {
    if (path === '/v1/models') return { status: 200, body: { data: [{ id: 'thinkmeter-demo', owned_by: 'vllm' }] } };
    if (path !== '/v1/chat/completions') return undefined;
    const { messages = [], max_tokens: answer = 0 } = body as Body;
    const prompt = messages.reduce((sum, { content }) => sum + content.length, 0) + 24;
    if (prompt + answer <= window) return undefined;
    return { status: 400, body: { error: { message: words(prompt, answer), type: 'BadRequestError', code: 400 } } };
  };
}

const vllm11 = (prompt: number, answer: number): string =>
  `This model's maximum context length is ${WINDOW} tokens. However, you requested ${prompt + answer} tokens (${prompt} in the messages, ${answer} in the completion).`;
// it counts no further than it has to
const vllm32 = (_: number, answer: number): string =>
  `This model's maximum context length is ${WINDOW} tokens. However, you requested ${answer} output tokens and your prompt contains at least ${WINDOW - answer + 1} input tokens, for a total of at least ${WINDOW + 1} tokens.`;

async function start(detour: Detour, options: FakeVllmOptions = {}): Promise<{ road: Road; client: Connection }> {
  const script = thinks('6 times 7 is 42.', 'The answer is 42.');
  const fake = await startFake({
    misbehave: { noTokenize: true, noCompletions: true },
    window: 32_768,
    script,
    ...options,
  });
  const road = await startRoad(fake.url, { detour });
  const client = await connect({ fake: { url: road.url }, env: { THINKMETER_MECHANISM: 'stream' } });
  onTestFinished(() => client.close());
  return { road, client };
}

const chats = ({ passed }: Road): number[] =>
  passed.flatMap(({ path, body }) => (path === '/v1/chat/completions' ? [(body as Body).max_tokens ?? 0] : []));

describe.each([
  { name: 'vLLM 0.11', words: vllm11 },
  { name: 'vLLM 0.32', words: vllm32 },
])('$name', ({ words }) => {
  // aden-hive/hive#3546 and others: a text that would fit with a smaller budget was refused
  test('the default budget shrinks, says so, and the call is answered', async () => {
    const { client } = await start(refuses(words));
    const run = runResult(await client.call('reason', { question: 'x', context: '汉'.repeat(7000) }));
    expect(run.answer).toBe('The answer is 42.');
    expect(run.usage.requests).toBe(1);
    expect(run.warnings.join()).toMatch(/thinking_budget was lowered from 512 to \d+ to fit .*8192/);
  });

  test('a budget of the caller is a cap, and shrinks as well', async () => {
    const { client } = await start(refuses(words));
    const args = { question: 'x', context: '汉'.repeat(6000), thinking_budget: 4000 };
    const run = runResult(await client.call('reason', args));
    expect(run.warnings.join()).toMatch(/thinking_budget was lowered from 4000 to \d+/);
    expect(run.thinking.budget).toBeLessThan(2200);
  });

  test('a prompt that cannot fit is refused, with the numbers of the server', async () => {
    const { client, road } = await start(refuses(words));
    const sentence = errorSentence(await client.call('reason', { question: 'x', context: '汉'.repeat(9000) }));
    expect(sentence).toMatch(/8192/);
    expect(sentence).toMatch(/shorten the text/i);
    // among them are two that find out whether a prefix is kept
    expect(chats(road).length).toBeLessThanOrEqual(5);
  });
});

test('an answer length of the caller that cannot fit is refused, with the numbers of the server', async () => {
  const { client } = await start(refuses(vllm11));
  const args = { question: 'x', context: '汉'.repeat(7000), answer_tokens: 2000 };
  const sentence = errorSentence(await client.call('reason', args));
  expect(sentence).toMatch(/7\d\d\d of the 8192 tokens.*2000 for the answer/s);
});

test('the window is known from then on: the second call is planned by it', async () => {
  const { client, road } = await start(refuses(vllm11));
  await client.call('reason', { question: 'x', context: '汉'.repeat(7000) });
  const before = chats(road).length;
  const second = runResult(await client.call('reason', { question: 'x', context: '汉'.repeat(7000) }));
  expect(second.warnings.join()).toMatch(/lowered .*8192/);
  expect(chats(road).length - before).toBe(1);
});

test('a prompt that the estimate takes for too long is asked of the server, which knows', async () => {
  const { client } = await start(({ path }) =>
    path === '/v1/models'
      ? { status: 200, body: { data: [{ id: 'thinkmeter-demo', owned_by: 'vllm', max_model_len: 2048 }] } }
      : undefined,
  );
  const run = runResult(await client.call('answer_fast', { question: 'a b c d '.repeat(600) }));
  expect(run).toMatchObject({ answer: 'The answer is 42.', warnings: [] });
});

test('after a cut the answer is shortened, because the thinking was paid for', async () => {
  const { client } = await start(refuses(vllm11), { script: neverStopsThinking('Let me check that once more.\n') });
  const args = { question: 'x', context: '汉'.repeat(6600), thinking_budget: 500 };
  const run = runResult(await client.call('reason', args));
  expect(run).toMatchObject({ answer: 'The answer is 42.', thinking: { ended_by: 'budget' } });
  expect(run.warnings.join()).toMatch(/the answer was limited to \d+ tokens/);
});

test('a wrong request is refused as before', async () => {
  const { client, road } = await start(({ path }) =>
    path === '/v1/chat/completions' ? { status: 400, body: { error: { message: 'no such field' } } } : undefined,
  );
  expect(errorSentence(await client.call('answer_fast', { question: 'x' }))).toMatch(/no such field/);
  expect(chats(road)).toHaveLength(1);
  expect(statusResult(await client.call('server_status', {})).ok).toBe(true);
});

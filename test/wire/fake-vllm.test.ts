/** What the fake does where no recording tells: leaving, half characters, scripts, limits, and as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { post, somePrompt, stream } from './stream-client.ts';

async function start(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

async function ids(fake: FakeVllm, prompt: string): Promise<number[]> {
  const answer = await post(fake, '/tokenize', { prompt, add_special_tokens: false });
  return z.object({ tokens: z.array(z.int()) }).parse(await answer.json()).tokens;
}

test('closing the connection stops the generation at once', IN_SECONDS, async () => {
  const fake = await start({ script: neverStopsThinking(), msPerToken: 5 });
  const leave = new AbortController();
  const answer = stream(fake, { prompt: '<think>\n', max_tokens: 1000 }, { signal: leave.signal });
  await expect.poll(() => fake.requests[0]?.sentTokens, { interval: 5 }).toBeGreaterThan(3);
  expect(fake.running()).toBe(1);
  leave.abort();
  const left = performance.now();
  await answer;
  await expect.poll(() => fake.running(), { interval: 2 }).toBe(0);
  const generated = fake.generationTokensTotal;
  expect((fake.requests[0]?.abortedAt ?? Infinity) - left).toBeLessThan(1000);
  await sleep(50);
  expect(fake.generationTokensTotal).toBe(generated);
  expect(fake.requests[0]).toMatchObject({ aborted: true, sentTokens: generated });
});

test('half a character has no text until it is whole, and at the limit none at all', async () => {
  const fake = await start({ script: () => 'a🙂b' });
  const answer = await stream(fake);
  const texts = answer.chunks.flatMap(({ choices }) => choices.map(({ text }) => text));
  expect(texts).toEqual(['a', '', '', '', '🙂', 'b', '']);
  expect(await stream(fake, { max_tokens: 3 })).toMatchObject({ text: 'a', finishReason: 'length' });
});

// seen with the tokenizers library itself: the text is odd, the ids are right
test('after a prompt that ends inside a character the first text holds the prompt too', async () => {
  const fake = await start({ script: () => [231] });
  const half = [...(await ids(fake, 'hi ')), ...(await ids(fake, '🙂')).slice(0, -1)];
  expect(await stream(fake, { prompt: half })).toMatchObject({ text: 'hi 🙂' });
});

test('a stop string is held back while it may still come, and kept out of the text', async () => {
  const fake = await start({ script: () => 'abcd. abcd! abcd' });
  const answer = await stream(fake, { stop: ['d!', 'xyzzy'] });
  expect(answer.chunks[0]?.choices[0]).toMatchObject({ text: '', token_ids: [71] });
  expect(answer.text).toBe('abcd. abc');
  expect(answer.chunks.at(-1)?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 'd!' });
});

test('min_tokens puts off the end of the turn', async () => {
  const answer = await stream(await start({ script: () => 'ab' }), { min_tokens: 6 });
  expect(answer.text).toBe('ab\n\n\n\n');
  expect(answer.ids).toHaveLength(7);
});

test('the key protects /v1 and nothing else', async () => {
  const fake = await start({ apiKey: 'sesame' });
  const answer = await post(fake, '/v1/completions', { prompt: somePrompt });
  expect(answer.status).toBe(401);
  expect(await answer.json()).toEqual({ error: 'Unauthorized' });
  expect((await fetch(`${fake.url}/v1/models`)).status).toBe(401);
  for (const path of ['/metrics', '/version', '/health']) expect((await fetch(fake.url + path)).status).toBe(200);
  expect((await post(fake, '/tokenize', { prompt: 'a' })).status).toBe(200);
});

test('an unknown path is a 404 of the framework', async () => {
  const answer = await fetch(`${(await start()).url}/v1/nothing`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ detail: 'Not Found' });
});

test('a limit beyond the window generates up to the window, as vLLM 0.32 does', async () => {
  const fake = await start({ window: 100, script: () => 'a'.repeat(200) });
  expect((await stream(fake, { max_tokens: 100 })).status).toBe(200);
  expect(fake.generationTokensTotal).toBe(97);
  expect((await stream(fake, { max_tokens: 101 })).status).toBe(400);
});

test('/metrics counts what was read and written', async () => {
  const fake = await start({ script: () => 'abc', servedName: 'demo' });
  await stream(fake);
  const text = await (await fetch(`${fake.url}/metrics`)).text();
  expect(text).toContain('vllm:num_requests_running{engine="0",model_name="demo"} 0.0\n');
  expect(text).toContain('vllm:prompt_tokens_total{engine="0",model_name="demo"} 3.0\n');
  expect(text).toContain('vllm:generation_tokens_total{engine="0",model_name="demo"} 4.0\n');
});

test.each([
  { name: 'open thinking', prompt: '<think>\n', text: 'one\ntwo\n</think>\n\nthree' },
  { name: 'closed thinking', prompt: '<think>\none\n</think>\n\n', text: 'three' },
  { name: 'no thinking', prompt: '<think></think>', text: 'three' },
  { name: 'half a thought', prompt: '<think>\none\nt', text: 'wo\n</think>\n\nthree' },
  { name: 'half an answer', prompt: '<think>\none\n</think>\n\nth', text: 'ree' },
])('thinks() continues after $name', async ({ prompt, text }) => {
  const fake = await start({ script: thinks('one\ntwo', 'three') });
  expect(await stream(fake, { prompt })).toMatchObject({ text });
});

test('thinks() closes as the family of the model does', async () => {
  const fake = await start({ model: 'thinkmeter-demo-3', script: thinks('one', 'two') });
  const answer = await stream(fake, { prompt: '<think>\n', skip_special_tokens: false });
  expect(answer.text).toBe('one\n</think>\ntwo');
  expect(answer.ids.filter((id) => id === 7)).toHaveLength(1);
});

test('neverStopsThinking() thinks up to the limit, and answers when the thinking is closed', async () => {
  const fake = await start({ script: neverStopsThinking('hm\n', 'yes') });
  const thinking = await stream(fake, { prompt: '<think>\n', max_tokens: 500 });
  expect(thinking).toMatchObject({ finishReason: 'length' });
  expect(thinking.ids).toHaveLength(500);
  expect(await stream(fake, { prompt: '<think>\nhm\n</think>\n\n' })).toMatchObject({ text: 'yes' });
});

test('a script that throws is a 500', async () => {
  const fake = await start({
    script: () => {
      throw new Error('no such prompt');
    },
  });
  expect((await stream(fake)).status).toBe(500);
});

test('as a process it prints its address and ends on SIGTERM', async () => {
  const main = fileURLToPath(new URL('../support/fake-vllm/main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', main, '--script', 'endless', '--ms-per-token', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const url = String(await once(child.stdout, 'data')).trim();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await stream({ url }, { prompt: '<think>\n', max_tokens: 20 })).ids).toHaveLength(20);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

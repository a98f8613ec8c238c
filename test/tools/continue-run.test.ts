/** `continue_run`: an earlier run thinks on from its own tokens, in this process or another, after any end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { connect, type CallResult, type Connection } from '../support/connect.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import type { FakeVllm, RecordedRequest } from '../support/fake-vllm/server.ts';
import { startFake } from '../support/start-fake.ts';
import { promptIds } from '../support/untrusted.ts';
import { runResult } from '../support/results.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-continue-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const QUESTION = 'What is 2 + 2?';

const generations = ({ requests }: FakeVllm): RecordedRequest[] =>
  requests.filter(({ path }) => path === '/v1/completions');

const idsIn = ({ body }: RecordedRequest): readonly number[] => promptIds('thinkmeter-demo', body['prompt']);

const idOf = ({ link = '' }: CallResult): string => link.replace('thinkmeter://runs/', '');

async function reasoningOf(client: Connection, result: CallResult): Promise<string> {
  return (JSON.parse(await client.read(result.link ?? '')) as { reasoning: string }).reasoning;
}

test('the prompt of the continuation is the prompt and the kept tokens of the run, and only new tokens are generated', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const client = await connect({ fake });
  const first = await client.call('reason', { question: QUESTION, thinking_budget: 40 });
  const tokens = runResult(first).thinking.tokens;
  const [thought, answer] = generations(fake).map(idsIn);
  const next = await client.call('reason', { continue_run: idOf(first), thinking_budget: 30 });
  const [, , again] = generations(fake).map(idsIn);
  expect(again).toEqual(answer?.slice(0, (thought?.length ?? 0) + tokens));
  expect(runResult(next)).toMatchObject({
    thinking: { budget: 30, ended_by: 'budget' },
    usage: { reused_tokens: tokens },
  });
  expect(await reasoningOf(client, next)).toContain(await reasoningOf(client, first));
  const third = await client.call('reason', { continue_run: idOf(next), thinking_budget: 0 });
  expect(runResult(third)).toMatchObject({
    thinking: { tokens: 0, ended_by: 'off' },
    usage: { reused_tokens: tokens + runResult(next).thinking.tokens, requests: 1 },
  });
  await client.close();
});

test('a further question follows the first one, before the thinking', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const client = await connect({ fake });
  const first = await client.call('reason', { question: QUESTION, thinking_budget: 40 });
  const args = { continue_run: first.link, question: 'And twice that?', thinking_budget: 30 };
  const next = await client.call('reason', args);
  expect(runResult(next).usage).toMatchObject({ reused_tokens: runResult(first).thinking.tokens });
  const [thought = [], answer = [], again = []] = generations(fake).map(idsIn);
  const kept = answer.slice(thought.length, thought.length + runResult(first).thinking.tokens);
  expect(again.slice(-kept.length)).toEqual(kept);
  expect(JSON.stringify(fake.requests.map(({ body }) => body))).toContain('And twice that?');
  await client.close();
});

test.each([
  { end: 'was cancelled', args: {}, sent: 21, cancels: true },
  { end: 'was cut by its time', args: { max_seconds: 3 }, sent: 0, cancels: false },
])('a run that $end is continued by another process, from its tokens', async ({ end, args, sent, cancels }) => {
  const env = { THINKMETER_STATE: join(folder, `${end}.db`) };
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 10 });
  const client = await connect({ fake, env });
  const abort = new AbortController();
  const call = client.call('reason', { question: QUESTION, thinking_budget: 4000, ...args }, { signal: abort.signal });
  await expect.poll(() => generations(fake)[0]?.sentTokens ?? 0, { timeout: 20_000 }).toBeGreaterThanOrEqual(sent);
  if (cancels) abort.abort();
  await call.catch(() => undefined);
  await expect.poll(async () => (await client.listRuns()).length).toBe(1);
  const [uri = ''] = await client.listRuns();
  const { thinking } = JSON.parse(await client.read(uri)) as { thinking: { tokens: number } };
  expect(thinking.tokens).toBeGreaterThan(0);
  await client.close();
  const another = await connect({ fake, env });
  const [prompt = []] = generations(fake).map(idsIn);
  const next = await another.call('reason', { continue_run: uri, thinking_budget: 20 });
  const again = generations(fake).map(idsIn).at(-2) ?? [];
  expect(again.slice(0, prompt.length)).toEqual(prompt);
  expect(runResult(next).usage.reused_tokens).toBe(again.length - prompt.length);
  expect(again.length - prompt.length).toBe(thinking.tokens);
  await another.close();
});

test('another version of the server: the text is tokenized again, with a warning', async () => {
  const env = { THINKMETER_STATE: join(folder, 'other.db') };
  const fake = await startFake({ script: neverStopsThinking() });
  const client = await connect({ fake, env });
  const first = await client.call('reason', { question: QUESTION, thinking_budget: 40 });
  await client.close();
  const other = await startFake({ script: neverStopsThinking(), reasoning: 'ignored' });
  const another = await connect({ fake: other, env });
  const next = await another.call('reason', { continue_run: idOf(first), thinking_budget: 30 });
  expect(runResult(next).warnings.join()).toContain('tokenized again');
  expect(runResult(next).usage.reused_tokens).toBe(runResult(first).thinking.tokens);
  await another.close();
});

test('over chat completions the model reads the earlier thinking as text', async () => {
  const fake = await startFake({ script: thinks('Two and two.', 'It is 4.'), misbehave: { noCompletions: true } });
  const client = await connect({ fake });
  const first = await client.call('reason', { question: QUESTION });
  const next = await client.call('reason', { continue_run: idOf(first) });
  expect(runResult(next)).toMatchObject({ answer: 'It is 4.', usage: { reused_tokens: 0 } });
  expect(runResult(next).warnings.join()).toContain('reads the earlier thinking as text');
  expect(JSON.stringify(fake.requests.at(-1)?.body)).toContain('Two and two.');
  await client.close();
});

test.each([
  { args: { continue_run: 'none' }, says: 'names the run none, which does not exist or was deleted' },
  { args: {}, says: 'question is missing or blank' },
])('$args is refused: $says', async ({ args, says }) => {
  const fake = await startFake({ script: thinks('Hm.', 'Yes.') });
  const client = await connect({ fake });
  const result = await client.call('reason', args);
  expect(result).toMatchObject({ isError: true, text: expect.stringContaining(says) as string });
  await client.close();
});

test('a context without a question is ignored, with a warning', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const client = await connect({ fake });
  const first = await client.call('reason', { question: QUESTION, thinking_budget: 16 });
  const next = await client.call('reason', { continue_run: idOf(first), context: 'It is late.', thinking_budget: 16 });
  expect(runResult(next).warnings).toContain('context was ignored, because no question was given');
  await client.close();
});

test('a batch cannot be continued', async () => {
  const fake = await startFake({ script: thinks('Hm.', 'Yes.') });
  const client = await connect({ fake });
  const batch = await client.call('analyze_batch', { instruction: 'Is it so?', items: ['a'] });
  const result = await client.call('reason', { continue_run: batch.link });
  expect(result.text).toContain('which is a batch');
  await client.close();
});

test('the demo model, greedy: thinking that was interrupted ends as thinking that was not', async () => {
  const client = await connect({ env: { THINKMETER_ENGINE: 'demo' } });
  const question = '2^10 + 3^5 - 4^3 = ?';
  const whole = await client.call('reason', { question, thinking_budget: 512 });
  const part = await client.call('reason', { question, thinking_budget: 64 });
  const rest = await client.call('reason', { continue_run: idOf(part), thinking_budget: 448 });
  expect(runResult(rest).answer).toBe(runResult(whole).answer);
  expect(await reasoningOf(client, rest)).toBe(await reasoningOf(client, whole));
  const all = runResult(part).thinking.tokens + runResult(rest).thinking.tokens;
  expect(all).toBe(runResult(whole).thinking.tokens);
  await client.close();
});

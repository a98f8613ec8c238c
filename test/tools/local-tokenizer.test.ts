/** `THINKMETER_TOKENIZER`: a server that lends no tokenizer, and one of ours in its place. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startFakeHub } from '../support/fake-hub.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { statusResult } from '../support/status-result.ts';

const question = 'What is six times seven?';

async function start(
  options: FakeVllmOptions,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly fake: FakeVllm; readonly client: Connection }> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), window: 8192, ...options });
  onTestFinished(() => fake.close());
  const client = await connect({ fake, env });
  onTestFinished(() => client.close());
  return { fake, client };
}

const prompts = ({ requests }: FakeVllm): unknown[] =>
  requests.filter(({ path }) => path === '/v1/completions').map(({ body }) => body['prompt']);

describe.each(['thinkmeter-demo', 'thinkmeter-demo-3'] as const)('%s', (model) => {
  const env = { THINKMETER_TOKENIZER: `models/${model}` };

  test.each([
    { name: 'the server sends ids', misbehave: { noTokenize: true }, by: 'ids' },
    { name: 'it sends none', misbehave: { noTokenize: true, noTokenIds: true }, by: 'usage' },
  ])('prompts go as ids, and the budget holds: $name', async ({ misbehave, by }) => {
    const { fake, client } = await start({ model, misbehave }, env);
    const { thinking, answer } = runResult(await client.call('reason', { question, thinking_budget: 33 }));
    expect(thinking).toMatchObject({ budget: 33, ended_by: 'budget', mechanism: 'stream', counted_by: by });
    expect(answer).toBe('The answer is 42.');
    const asked = fake.requests.filter(({ path }) => path === '/v1/completions');
    expect(asked).toHaveLength(2);
    expect(asked.every(({ body }) => Array.isArray(body['prompt']))).toBe(true);
  });

  test('the server is asked for no tokens, and answers the very same', async () => {
    const { fake, client } = await start({ model }, env);
    const plain = await start({ model }, {});
    const args = { question: 'Is </think> or /no_think a word?', thinking_budget: 16, include_reasoning: true };
    const here = runResult(await client.call('reason', args), { reasoning: true });
    const there = runResult(await plain.client.call('reason', args), { reasoning: true });
    expect(fake.requests.filter(({ path }) => path.endsWith('tokenize'))).toEqual([]);
    expect({ ...here.usage, reasoning: here.reasoning }).toEqual({ ...there.usage, reasoning: there.reasoning });
    expect(prompts(fake)).toEqual(prompts(plain.fake));
  });
});

test('a hub id is loaded once, and stdout stays the protocol’s own', async () => {
  const hub = await startFakeHub({ 'thinkmeter/demo': 'models/thinkmeter-demo' });
  onTestFinished(() => hub.close());
  const cache = mkdtempSync(join(tmpdir(), 'thinkmeter-hub-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  const env = { THINKMETER_TOKENIZER: 'thinkmeter/demo', THINKMETER_HUB: hub.url, HF_HUB_CACHE: cache };
  for (const times of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: the second finds what the first has kept
    const { client } = await start({ misbehave: { noTokenize: true } }, env);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { thinking } = runResult(await client.call('reason', { question, thinking_budget: 33 }));
    expect({ times, thinking }).toMatchObject({ thinking: { budget: 33, ended_by: 'budget', counted_by: 'ids' } });
  }
  expect(hub.requests.filter((line) => line.includes('/revision/'))).toHaveLength(1);
});

test('the status says that prompts go as ids', async () => {
  const { client } = await start(
    { misbehave: { noTokenize: true } },
    { THINKMETER_TOKENIZER: 'models/thinkmeter-demo' },
  );
  const { can, faults } = statusResult(await client.call('server_status', {}));
  expect({ can, faults }).toMatchObject({ can: { token_ids: true, counted_by: 'ids' }, faults: [] });
});

test('a folder without a tokenizer is an error of the call, with what to do', async () => {
  const { client } = await start({}, { THINKMETER_TOKENIZER: '/nowhere' });
  expect(errorSentence(await client.call('reason', { question }))).toMatch(
    /THINKMETER_TOKENIZER is \/nowhere.*tokenizer\.json/,
  );
});

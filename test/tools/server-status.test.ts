/** `server_status`, called as clients call it: what is there, what was spent, and what mends what is wrong. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLIENTS, connect, type ConnectOptions, type Connection } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startSilent } from '../support/silent-server.ts';
import { statusResult, type StatusResult } from '../support/status-result.ts';

const question = 'what is two and two';

async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

async function open(options: ConnectOptions): Promise<Connection> {
  const client = await connect(options);
  onTestFinished(() => client.close());
  return client;
}

async function ask(client: Connection): Promise<StatusResult> {
  return statusResult(await client.call('server_status', {}));
}

describe.each(CLIENTS)('%s', (name) => {
  test('a good server: up, what it can, nothing spent, nothing to mend, and nothing generated', async () => {
    const fake = await startFake();
    expect(await ask(await open({ client: name, fake }))).toEqual({
      ok: true,
      server: `vllm 0.32.0 at ${fake.url}`,
      model: 'thinkmeter-demo',
      window: 2048,
      can: { token_ids: true, counted_by: 'ids', own_budget: 'not tried', prefix_caching: true },
      load: { running: 0, waiting: 0, cache_use: 0 },
      spent: { calls: 0, prompt_tokens: 0, thinking_tokens: 0, answer_tokens: 0 },
      faults: [],
    });
    expect(fake.requests.filter(({ path }) => path.endsWith('/completions'))).toEqual([]);
  });
});

test('what a call spent is counted, and so is every item of a batch', async () => {
  const client = await open({ fake: await startFake() });
  const { thinking, answer_tokens: answer, usage } = runResult(await client.call('reason', { question }));
  expect((await ask(client)).spent).toEqual({
    calls: 1,
    prompt_tokens: usage.prompt_tokens,
    thinking_tokens: thinking.tokens,
    answer_tokens: answer,
  });
  await client.call('analyze_batch', { instruction: 'Is it even?', items: ['1', '2'] });
  expect((await ask(client)).spent).toEqual({
    calls: 3,
    prompt_tokens: expect.any(Number) as number,
    thinking_tokens: 3 * thinking.tokens,
    answer_tokens: 3 * answer,
  });
});

test('after three calls the status shows their speed', IN_SECONDS, async () => {
  const client = await open({ fake: await startFake({ script: neverStopsThinking(), msPerToken: 10 }) });
  expect((await ask(client)).speed).toBeUndefined();
  for (let call = 0; call < 3; call += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await client.call('reason', { question, thinking_budget: 32 });
  }
  await expect.poll(async () => (await ask(client)).speed).toBeDefined();
  const { speed = {} } = await ask(client);
  expect(speed.first_token_ms).toBeGreaterThan(0);
  expect(speed.continuation_ms).toBeGreaterThan(0);
  expect(speed.tokens_per_second).toBeLessThan(110);
  const { text } = await client.call('server_status', {});
  expect(text).toMatch(
    /recent calls: \d+\.\d tokens\/s, first token after \d+ ms, after a cut the answer begins within \d+ ms/,
  );
});

test('what was paid for by a call that failed is counted as well', async () => {
  const fake = await startFake({ script: neverStopsThinking(), misbehave: { noTokenize: true, dropAfterTokens: 3 } });
  const client = await open({ fake });
  errorSentence(await client.call('reason', { question }));
  const { spent } = await ask(client);
  expect(spent).toMatchObject({ calls: 1, answer_tokens: 0 });
  expect(spent.thinking_tokens).toBeGreaterThan(0);
});

test('while a call runs, the load has it, with the speed that was measured', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 5, window: 8192 });
  const client = await open({ fake });
  const leave = new AbortController();
  const call = client.call('reason', { question, thinking_budget: 4096 }, { signal: leave.signal });
  const over = call.catch(() => undefined);
  await expect.poll(() => fake.generationTokensTotal).toBeGreaterThan(0);
  const { load } = await ask(client);
  leave.abort();
  await over;
  expect(load).toMatchObject({ running: 1, waiting: 0 });
  expect(load?.tokens_per_second).toBeGreaterThan(0);
  expect(load?.first_token_ms).toBeGreaterThan(0);
});

const lesser: readonly { name: string; options: FakeVllmOptions; status: object }[] = [
  { name: 'no budget of its own', options: { reasoning: 'ignored' }, status: { can: { own_budget: 'none' } } },
  { name: 'no ids in its chunks', options: { misbehave: { noTokenIds: true } }, status: { can: { token_ids: true } } },
];

test.each(lesser)('a server that can less is up all the same: $name', async ({ options, status }) => {
  expect(await ask(await open({ fake: await startFake(options) }))).toMatchObject({ ok: true, faults: [], ...status });
});

test('of a server without figures no load is told', async () => {
  const status = await ask(await open({ fake: await startFake({ misbehave: { hide: ['/metrics'] } }) }));
  expect(status).toMatchObject({ ok: true, faults: [] });
  expect(status).not.toHaveProperty('load');
});

test('a server that came up meanwhile is ready with the next call', async () => {
  const fake = await startFake();
  await fake.close();
  const client = await open({ fake });
  expect((await ask(client)).ok).toBe(false);
  await startFake({ port: Number(new URL(fake.url).port) });
  expect((await ask(client)).ok).toBe(true);
});

test('it takes no arguments: one that it does not know is ignored and named', async () => {
  const client = await open({ fake: await startFake() });
  const { structured } = await client.call('server_status', { verbose: true });
  expect(structured).toMatchObject({ warnings: [expect.stringMatching(/^verbose is not a field/)] });
});

// a status that was cancelled is logged as a bug, at the level of errors
test('a call that is cancelled while the server says nothing is no fault of ours', async () => {
  const { url, heard } = await startSilent();
  const client = await open({ fake: { url } });
  const leave = new AbortController();
  const call = client.call('server_status', {}, { signal: leave.signal }).catch(() => undefined);
  await expect.poll(heard, { timeout: 15_000 }).toBeGreaterThan(0);
  leave.abort();
  await call;
  await client.listTools();
  await client.close();
  expect(client.stderr()).not.toContain('a bug');
});

test('of the demo it tells what there is to tell', async () => {
  const status = await ask(await open({ env: { THINKMETER_ENGINE: 'demo' } }));
  expect(status).toMatchObject({ ok: true, server: 'embedded', model: 'thinkmeter-demo', faults: [] });
  expect(status).not.toHaveProperty('load');
});

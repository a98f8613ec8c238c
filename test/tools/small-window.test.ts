/** A window that is smaller than what was asked for: a cap is lowered, whoever set it, and only what cannot fit is refused. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { batchResult, errorSentence, runResult } from '../support/results.ts';
import { startFake, startRoad } from '../support/road.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { statusResult } from '../support/status-result.ts';

const script = thinks('6 times 7 is 42.', 'The answer is 42.');
const question = 'What is six times seven?';

const MODES = [
  { mode: 'by ids', misbehave: {} },
  { mode: 'by messages', misbehave: { noTokenize: true, noCompletions: true } },
] as const;

describe.each(MODES)('$mode', ({ misbehave }) => {
  async function start(window: number, env: Readonly<Record<string, string>> = {}): Promise<Connection> {
    const fake = await startFake({ window, script, misbehave });
    const client = await connect({ fake, env });
    onTestFinished(() => client.close());
    return client;
  }

  // llama.cpp with a window of 2048 and `thinking_budget: 2000`
  test("the caller's cap", async () => {
    const client = await start(2048);
    const run = runResult(await client.call('reason', { question, thinking_budget: 2000 }));
    expect(run).toMatchObject({ answer: 'The answer is 42.', thinking: { honored: true } });
    expect(run.warnings.join()).toMatch(/thinking_budget was lowered from 2000 to \d+ .*2048/);
  });

  test('the cap of a preset, of complexity and of a default', async () => {
    const client = await start(1024, { THINKMETER_USE_CASE: 'copilot' });
    for (const args of [{ question }, { question, complexity: 'critical' }]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const run = runResult(await client.call('reason', args));
      expect(run.warnings.join()).toMatch(/thinking_budget was lowered from \d+ to \d+ .*1024/);
    }
  });

  test('answer_fast', async () => {
    const client = await start(512);
    const run = runResult(await client.call('answer_fast', { question, thinking_budget: 256 }));
    expect(run).toMatchObject({ answer: 'The answer is 42.' });
    expect(run.warnings.join()).toMatch(/lowered from .*512/);
  });

  test('every item of a batch', async () => {
    const client = await start(1024);
    const args = { instruction: 'Answer.', items: [question, question], thinking_budget: 4096 };
    const batch = batchResult(await client.call('analyze_batch', args));
    expect(batch.results.map(({ answer }) => answer)).toEqual(['The answer is 42.', 'The answer is 42.']);
    expect(batch.warnings.join()).toMatch(/thinking_budget was lowered from 4096 to \d+/);
  });

  test('an answer length of the caller is kept, or refused with the numbers', async () => {
    const client = await start(512);
    const kept = runResult(await client.call('reason', { question, thinking_budget: 500, answer_tokens: 200 }));
    expect(kept.warnings.join()).not.toMatch(/answer_tokens/);
    expect(errorSentence(await client.call('reason', { question, answer_tokens: 4096 }))).toMatch(
      /512.*answer_tokens/s,
    );
  });
});

// odysseus-dev/odysseus#678, #703, NousResearch/hermes-agent#57379
test('after a restart with a longer window, the next call and the status have it', async () => {
  const small = await startFakeVllm({ window: 700, script });
  const client = await connect({ fake: small });
  onTestFinished(() => client.close());
  const args = { question: 'x'.repeat(1500), answer_tokens: 400 };
  expect(errorSentence(await client.call('reason', args))).toMatch(/700/);
  const port = Number(new URL(small.url).port);
  await small.close();
  await startFake({ window: 131_072, script, port });
  expect(runResult(await client.call('reason', args)).warnings).toEqual([]);
  expect(statusResult(await client.call('server_status', {})).window).toBe(131_072);
});

test('the status asks for the window again, although no call was refused', async () => {
  let window = 700;
  const road = await startRoad((await startFake({ script })).url, {
    detour: ({ path }) =>
      path === '/v1/models'
        ? { status: 200, body: { data: [{ id: 'thinkmeter-demo', owned_by: 'vllm', max_model_len: window }] } }
        : undefined,
  });
  const client = await connect({ fake: { url: road.url } });
  onTestFinished(() => client.close());
  expect(statusResult(await client.call('server_status', {})).window).toBe(700);
  window = 1500;
  expect(statusResult(await client.call('server_status', {})).window).toBe(1500);
});

test('a window that no list shows is learnt from the refusal, however large the cap', async () => {
  const fake = await startFake({ window: 1024, script, misbehave: { noTokenize: true, noCompletions: true } });
  const data = [{ id: 'thinkmeter-demo', owned_by: 'vllm' }];
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/v1/models' ? { status: 200, body: { data } } : undefined),
  });
  const client = await connect({ fake: { url: road.url } });
  onTestFinished(() => client.close());
  const run = runResult(await client.call('reason', { question, thinking_budget: 32_768 }));
  expect(run.answer).toBe('The answer is 42.');
  expect(run.warnings.join()).toMatch(/thinking_budget was lowered from 32768 to \d+ .*1024/);
});

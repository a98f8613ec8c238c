/** A server's own budget, forced, where it refuses, ignores or holds it, and where a parser hides the answer: it comes. */
import { expect, onTestFinished, test } from 'vitest';
import type { RunResult } from '../../src/report/result.ts';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { runResult } from '../support/results.ts';

async function start(options: FakeVllmOptions): Promise<Connection> {
  const fake = await startFakeVllm(options);
  const client = await connect({ env: { THINKMETER_BASE_URL: fake.url, THINKMETER_MECHANISM: 'native' } });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  return client;
}

async function reason(client: Connection, thinking_budget: number, honored = true): Promise<RunResult> {
  return runResult(await client.call('reason', { question: 'Is it so?', thinking_budget }), { honored });
}

const endless = { model: 'thinkmeter-demo-3', script: neverStopsThinking() } as const;

test.each([
  { reasoning: 'absent', says: /reasoning_config is not configured/ },
  { reasoning: 'v2-runner', says: /not yet supported by the V2 model runner/ },
  { reasoning: 'ignored', says: /the server has no budget of its own/ },
] as const)('a server that does not take it ($reasoning) is answered from by another mechanism', async (row) => {
  const client = await start({ ...endless, reasoning: row.reasoning });
  const { answer, thinking, warnings, usage } = await reason(client, 20);
  expect(answer).toBe('The answer is 42.');
  expect(thinking).toMatchObject({ mechanism: 'stream', ended_by: 'budget', honored: true });
  expect(usage.requests).toBe(2);
  expect(warnings.join()).toMatch(row.says);
});

test('one that holds it needs a single request', async () => {
  const { answer, thinking, usage } = await reason(await start(endless), 20);
  expect(answer).toBe('The answer is 42.');
  expect(thinking).toMatchObject({ mechanism: 'native', tokens: 20, ended_by: 'budget' });
  expect(usage.requests).toBe(1);
});

test('one that ignores it in silence is found out, and the next run uses another', async () => {
  const client = await start({ ...endless, model: 'thinkmeter-demo' });
  expect(await reason(client, 20, false)).toMatchObject({
    answer: 'The answer is 42.',
    thinking: { mechanism: 'native' },
  });
  expect(await reason(client, 20)).toMatchObject({ answer: 'The answer is 42.', thinking: { mechanism: 'stream' } });
});

// the parser decides from the template's arguments, and hands the whole answer over as reasoning (vLLM 0.32, recorded)
test.each([0, 64])('an answer with `content: null` is read all the same, at a budget of %i', async (budget) => {
  const script = thinks('2 + 2 is 4.', 'The answer is 4.');
  const client = await start({ script, misbehave: { noTokenize: true } });
  expect((await reason(client, budget)).answer).toBe('The answer is 4.');
});

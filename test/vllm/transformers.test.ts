/** A real server that gives less: no token ids, no tokenizer, no budget, its thinking left in the content. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { batchResult, runResult } from '../support/results.ts';
import { LONG, SHORT } from './problems.ts';
import type { ServerProcess } from './process.ts';
import { startTransformers } from './server.ts';

const model = 'models/thinkmeter-demo';

let server: ServerProcess;
beforeAll(async () => {
  server = await startTransformers('thinkmeter-demo');
});
afterAll(() => server?.stop());

/** It does not list its models where it cannot reach the hub, so it is told which one. */
const ROADS = [
  { road: 'by messages', env: {}, mechanism: 'two_call', countedBy: ['usage', 'estimate'] },
  {
    road: 'with our own tokenizer',
    env: { THINKMETER_TOKENIZER: model },
    mechanism: 'stream',
    countedBy: ['tokenizer'],
  },
];

describe.each(ROADS)('transformers serve, $road', ({ env, mechanism, countedBy }) => {
  let client: Connection;
  beforeAll(async () => {
    client = await connect({ env: { THINKMETER_BASE_URL: server.url, THINKMETER_MODEL: model, ...env } });
  });
  afterAll(() => client?.close());

  test.each([1, 10, 64])('a budget of %i holds, and there is an answer', async (thinking_budget) => {
    const run = runResult(await client.call('reason', { question: LONG.question, thinking_budget }));
    expect(run.thinking).toMatchObject({ mechanism, ended_by: 'budget', honored: true });
    expect(countedBy).toContain(run.thinking.counted_by);
    expect(run.usage.requests).toBe(2);
  });

  test('a thought that closes by itself is answered rightly', async () => {
    const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 512 }));
    expect(run.answer).toContain(SHORT.answer);
    expect(run.thinking).toMatchObject({ ended_by: 'model', honored: true });
  });

  test('a budget of 0 switches thinking off', async () => {
    const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 0 }));
    expect(run.thinking).toMatchObject({ tokens: 0, ended_by: 'off', mechanism: 'off' });
    expect(run.usage.requests).toBe(1);
  });

  test('a batch is answered, item by item', async () => {
    const items = Array.from({ length: 4 }, (_, item) => `${item + 11} + ${item * 7 + 5} = ?`);
    const result = await client.call('analyze_batch', { instruction: 'Compute.', items, thinking_budget: 20 });
    expect(batchResult(result).totals).toMatchObject({ items: 4, failed: 0 });
  });
});

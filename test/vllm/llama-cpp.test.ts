/** llama.cpp's own server: ids by a road of its own, a budget of its own by messages. Built by `npm run llama:install`. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { describeEngine } from '../contract/engine-contract.ts';
import { connect, type Connection } from '../support/connect.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.ts';
import { runResult } from '../support/results.ts';
import { describeUntrusted } from '../support/untrusted.ts';
import { BY_IDS, describeByMessages } from './by-messages.ts';
import { llamaServer } from './environment.ts';
import { LONG, SHORT } from './problems.ts';
import { startLlama, type LlamaServer } from './server.ts';

const GENERATED = 'llamacpp:tokens_predicted_total';
const RUNNING = 'llamacpp:requests_processing';

const MODELS = [
  // it does not see where such a thought begins
  { model: 'thinkmeter-demo', family: 'nemotron-nano-2', holdsBudget: false, keepsPrefix: true },
  // it would close an empty thought before the one that it is given
  { model: 'thinkmeter-demo-3', family: 'nemotron-3', holdsBudget: true, keepsPrefix: false },
] as const;

describe.skipIf(!existsSync(llamaServer)).each(MODELS)('llama.cpp, $model', (row) => {
  const { model, family, holdsBudget, keepsPrefix } = row;
  let server: LlamaServer;
  let proxy: RecordingProxy;
  let client: Connection;

  beforeAll(async () => {
    server = await startLlama(model);
    proxy = await startRecordingProxy(server.url);
    client = await connect({ env: { THINKMETER_BASE_URL: proxy.url } });
  });
  afterAll(async () => {
    await client?.close();
    await proxy?.close();
    await server?.stop();
  });

  const untilIdle = async (): Promise<void> => {
    await expect.poll(() => server.metric(RUNNING), { timeout: 5000 }).toBe(0);
  };

  describe.each(['stream', 'two_call'])('THINKMETER_MECHANISM=%s', (mechanism) => {
    let forced: Connection;
    beforeAll(async () => {
      forced = await connect({ env: { THINKMETER_BASE_URL: server.url, THINKMETER_MECHANISM: mechanism } });
    });
    afterAll(() => forced?.close());

    test.each([0, 1, 10, 64, 512])('a budget of %i holds, by the server’s own counters', async (thinking_budget) => {
      const before = await server.metric(GENERATED);
      const run = runResult(await forced.call('reason', { question: LONG.question, thinking_budget }));
      await untilIdle();
      const generated = (await server.metric(GENERATED)) - before;
      const used = thinking_budget === 0 ? 'off' : mechanism;
      expect(run.thinking).toMatchObject({ mechanism: used, honored: true, counted_by: 'ids' });
      // a generation that is left is counted up to a moment after that
      expect(Math.abs(generated - run.usage.received_tokens)).toBeLessThanOrEqual(40);
    });
  });

  test('a budget that is enough gives the right answer', async () => {
    const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 256 }));
    expect(run).toMatchObject({ answer: `The answer is ${SHORT.answer}.`, thinking: { ended_by: 'model' } });
    expect(run.usage.requests).toBe(1);
  });

  describeUntrusted(() => ({ model, requests: proxy.requests, client }));

  test('its own budget, by messages, is believed only after counting', async () => {
    const gateway = await startRecordingProxy(server.url, BY_IDS);
    const own = await connect({ env: { THINKMETER_BASE_URL: gateway.url, THINKMETER_MECHANISM: 'native' } });
    const args = { question: LONG.question, thinking_budget: 64 };
    const first = runResult(await own.call('reason', args), { honored: holdsBudget });
    const second = runResult(await own.call('reason', args));
    await own.close();
    await gateway.close();
    expect(first.thinking.mechanism).toBe('native');
    expect(first.usage.requests).toBe(holdsBudget ? 1 : 2);
    expect(second.thinking.mechanism).toBe(holdsBudget ? 'native' : 'two_call');
  });

  describeByMessages(model, () => ({ url: server.url, keepsPrefix }));

  describeEngine(model, {
    model,
    window: 2048,
    family,
    create: () =>
      Promise.resolve({
        engine: createRemoteEngine({ baseUrl: server.url }),
        running: () => server.metric(RUNNING),
        close: () => Promise.resolve(),
      }),
  });
});

/** What must hold on a real vLLM, however it was started. One server a set-up, started before its tests. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { describeEngine } from '../contract/engine-contract.ts';
import { connect, type Connection } from '../support/connect.ts';
import { startRecordingProxy, type RecordingProxy } from '../support/recording-proxy.ts';
import { batchResult, runResult } from '../support/results.ts';
import { startRoad } from '../support/road.ts';
import { describeUntrusted } from '../support/untrusted.ts';
import { describeByMessages } from './by-messages.ts';
import { describeMargins } from './margins.ts';
import { describeMechanisms, type Native } from './mechanisms.ts';
import { LONG, SHORT } from './problems.ts';
import { startVllm, type VllmModel, type VllmServer } from './server.ts';
import { GENERATED, RUNNING, say, untilIdle, untilRunning } from './waits.ts';

export type Setup = {
  readonly model: VllmModel;
  readonly args: readonly string[];
  readonly apiKey?: string;
  readonly native: Native;
  /** what does not depend on how the server was started, and is looked at once a model */
  readonly besides: 'untrusted text' | 'the contract of engines';
};

/** What a busy server may have generated between the last token that we read and the abort that reached it; printed. */
const A_FEW_TOKENS = 40;

const MOST_CLIENTS = 4;

export type Started = { readonly vllm: VllmServer; readonly proxy: RecordingProxy; readonly client: Connection };

/**
 * The first requests of a new server are slow, and so is the first abort. On a machine that stands still for seconds a path
 * may even count as silent, and chat completions are then used for some seconds: another client probes the warm server.
 */
async function warmedUp(open: () => Promise<Connection>): Promise<Connection> {
  for (let attempt = 1; ; attempt += 1) {
    // oxlint-disable no-await-in-loop -- one client after the other
    const client = await open();
    const { thinking } = runResult(await client.call('reason', { question: LONG.question, thinking_budget: 1 }));
    if (thinking.counted_by === 'ids' || attempt === MOST_CLIENTS) return client;
    await client.close();
    // oxlint-enable no-await-in-loop
  }
}

export function describeSetup(
  name: string,
  { model, args, apiKey, native, besides }: Setup,
  more: (started: () => Started) => void = () => undefined,
): void {
  describe(`vLLM: ${name}`, () => {
    let started: Started;

    beforeAll(async () => {
      const vllm = await startVllm({ model, args, apiKey });
      const proxy = await startRecordingProxy(vllm.url);
      // on two cores a server may starve its own HTTP part, and then our cut is given up for a capped request
      const forced = { THINKMETER_MECHANISM: 'stream' };
      const env = {
        ...forced,
        THINKMETER_BASE_URL: proxy.url,
        ...(apiKey === undefined ? {} : { THINKMETER_API_KEY: apiKey }),
      };
      started = { vllm, proxy, client: await warmedUp(() => connect({ client: 'v1', env })) };
      await untilIdle(vllm);
    });

    afterAll(async () => {
      await started?.client.close();
      await started?.proxy.close();
      await started?.vllm.stop();
    });

    const reason = async (
      args_: Record<string, unknown>,
    ): Promise<{ run: ReturnType<typeof runResult>; generated: number }> => {
      const before = await started.vllm.metric(GENERATED);
      const run = runResult(await started.client.call('reason', args_));
      await untilIdle(started.vllm);
      return { run, generated: (await started.vllm.metric(GENERATED)) - before };
    };

    test.each([1, 7, 33, 64, 256])(
      'thinking that needs more is held within %i tokens, in two generations',
      async (budget) => {
        const { run, generated } = await reason({ question: LONG.question, thinking_budget: budget });
        expect(run.thinking).toMatchObject({ budget, ended_by: 'budget', mechanism: 'stream', counted_by: 'ids' });
        expect(run.usage.requests).toBe(2);
        expect(run.model).toBe(model);
        expect(generated).toBeGreaterThanOrEqual(run.usage.received_tokens);
        say(name, `budget ${budget}: ${generated - run.usage.received_tokens} tokens generated after the cut`);
        expect(generated).toBeLessThanOrEqual(run.usage.received_tokens + A_FEW_TOKENS);
      },
    );

    test('thinking that closes by itself takes one generation, and every token of it is counted', async () => {
      const { run, generated } = await reason({ question: SHORT.question, thinking_budget: 256 });
      expect(run.answer).toContain(SHORT.answer);
      expect(run.thinking).toMatchObject({ ended_by: 'model' });
      expect(run.usage).toMatchObject({ requests: 1, received_tokens: generated });
    });

    test('a budget of 0 switches thinking off by the template, in one generation', async () => {
      const { run, generated } = await reason({ question: SHORT.question, thinking_budget: 0 });
      expect(run.thinking).toMatchObject({ tokens: 0, ended_by: 'off', mechanism: 'off' });
      expect(run.usage).toMatchObject({ requests: 1, received_tokens: generated });
    });

    test('connections that break after each tenth chunk change nothing of a greedy answer', async () => {
      const { run: whole } = await reason({ question: SHORT.question, thinking_budget: 256 });
      const road = await startRoad(started.vllm.url, { breakAfter: 10 });
      const env = {
        THINKMETER_MECHANISM: 'stream',
        THINKMETER_BASE_URL: road.url,
        ...(apiKey && { THINKMETER_API_KEY: apiKey }),
      };
      const client = await connect({ client: 'v1', env });
      onTestFinished(() => client.close());
      const broken = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 256 }));
      expect(broken).toMatchObject({
        answer: whole.answer,
        thinking: whole.thinking,
        answer_tokens: whole.answer_tokens,
      });
      expect(broken.usage.received_tokens).toBe(whole.usage.received_tokens);
      expect(broken.warnings.join()).toMatch(/broke (once|\d+ times), and the run continued/);
      say(name, `${broken.usage.requests} requests for ${broken.usage.received_tokens} tokens`);
    });

    test('a deadline cuts the thinking and the answer still comes', async () => {
      const { run: whole } = await reason({ question: LONG.question, thinking_budget: 512 });
      // of the time that it takes by itself on this machine
      const max_seconds = (whole.timing.total_ms / 1000) * 0.7;
      const { run } = await reason({ question: LONG.question, thinking_budget: 512, max_seconds });
      expect(run.thinking.ended_by).toBe('deadline');
      expect(run.warnings.join()).toContain('max_seconds');
    });

    test('a cancelled call is gone from the server at once', async () => {
      const gone = new AbortController();
      const call = started.client.call(
        'reason',
        { question: LONG.question, thinking_budget: 512 },
        { signal: gone.signal },
      );
      call.catch(() => undefined);
      await untilRunning(started.vllm);
      gone.abort();
      await expect(call).rejects.toThrow(/abort/i);
      const since = performance.now();
      await untilIdle(started.vllm);
      say(name, `cancelled, and gone from num_requests_running within ${Math.round(performance.now() - since)} ms`);
    });

    test('a batch runs in parallel, and each item within its budget', async () => {
      const items = Array.from({ length: 12 }, (_, item) => `${item + 11} + ${item * 7 + 5} * 3 - 4 = ?`);
      const batch = batchResult(
        await started.client.call('analyze_batch', { instruction: 'Compute.', items, thinking_budget: 40 }),
      );
      expect(batch.results).toHaveLength(items.length);
      expect(batch.totals.failed).toBe(0);
      for (const { thinking_tokens: tokens = 0 } of batch.results) expect(tokens).toBeLessThanOrEqual(40);
    });

    if (besides === 'untrusted text') {
      describeUntrusted(() => ({ model, requests: started.proxy.requests, client: started.client }));
    }

    describeMechanisms(name, () => started.vllm, native);

    describeMargins(name, () => started.vllm);

    describeByMessages(name, () => ({ url: started.vllm.url, apiKey, keepsPrefix: true }));

    more(() => started);

    if (besides === 'the contract of engines') {
      describeEngine(name, {
        model,
        window: 2048,
        family: model === 'thinkmeter-demo' ? 'nemotron-nano-2' : 'nemotron-3',
        create: () => {
          const key = apiKey === undefined ? {} : { apiKey };
          const engine = createRemoteEngine({ baseUrl: started.vllm.url, ...key });
          return Promise.resolve({
            engine,
            running: () => started.vllm.metric(RUNNING),
            close: () => Promise.resolve(),
          });
        },
      });
    }
  });
}

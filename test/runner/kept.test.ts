/** What is kept of runs, and what is counted as spent. */
import { expect, test } from 'vitest';
import type { RunRecord } from '../../src/runs.ts';
import { Runs } from '../../src/runs.ts';
import { Profiles } from '../../src/tuning/profiles/profiles.ts';
import { analyzeBatch } from '../../tools/analyze-batch.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { remoteRunner } from '../support/remote-runner.ts';
import { startFake } from '../support/start-fake.ts';

const failed = (runId: string, reasoning = 'hm'): RunRecord => ({
  run_id: runId,
  error: 'no',
  thinking: { tokens: 1 },
  reasoning,
});

const ABOUT = { tool: 'reason', question: 'What is 2 + 2?' };

test('B17: a batch of 501 items is one record with all its reasoning, and forgets no run', async () => {
  const fake = await startFake();
  const { ask, runner, runs, spending } = remoteRunner(fake.url);
  const single = await ask();
  const { runId = '' } = await analyzeBatch.call(
    {
      instruction: 'What is it?',
      items: Array.from({ length: 501 }, (_, item) => `item ${item}`),
      thinking_budget: 64,
    },
    {
      runner,
      profiles: new Profiles(),
      defaults: { thinkingBudget: 64, maxSeconds: undefined, systemPrompt: undefined },
      signal: new AbortController().signal,
      startedAt: runner.clock.now(),
      progress: () => undefined,
    },
  );
  expect(runs.get(single.runId)).toMatchObject({ answer: 'The answer is 4.' });
  expect(runs.get(runId)).toMatchObject({ results: { length: 501 }, reasoning: { length: 501 } });
  expect(JSON.stringify(runs.get(runId))).toContain('2 + 2 is 4');
  expect(runs.list()).toHaveLength(2);
  expect(spending.total().calls).toBe(502);
});

test('B17: a call that was cancelled keeps what was paid for', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 5 });
  const { ask, runs, spending } = remoteRunner(fake.url);
  const leave = new AbortController();
  const given = ask({ budget: 500, signal: leave.signal }).catch((error: unknown) => error);
  await expect.poll(() => fake.generationTokensTotal).toBeGreaterThan(20);
  leave.abort();
  const error = (await given) as { partial: { runId: string } };
  expect(error).toMatchObject({ code: 'CANCELLED' });
  expect(runs.get(error.partial.runId)).toMatchObject({ reasoning: expect.stringMatching(/\S/) as string });
  expect(spending.total()).toMatchObject({ calls: 1 });
  expect(spending.total().thinkingTokens).toBeGreaterThan(0);
});

test('records are forgotten when there are too many, or too many characters, the oldest first', () => {
  const runs = new Runs();
  for (let run = 0; run < 501; run += 1) runs.keep(failed(String(run)), ABOUT);
  expect([runs.get('0'), runs.get('1')]).toEqual([undefined, failed('1')]);
  runs.keep(failed('long', 'x'.repeat(15_999_500)), ABOUT);
  expect(runs.list().length).toBeLessThan(500);
  runs.keep(failed('longer', 'x'.repeat(20_000_000)), ABOUT);
  expect(runs.list().map(({ run_id: id }) => id)).toEqual(['longer']);
});

test('B20: an examination calls by the operator’s mechanism, and what it spends is counted', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const { runner, spending } = remoteRunner(fake.url, { mechanism: 'two_call' });
  const { outcome } = await runner.examine(new AbortController().signal);
  expect(outcome).toMatchObject({ mechanism: 'two_call' });
  expect(spending.total()).toMatchObject({ calls: 1, thinkingTokens: outcome?.counts.thinking });
});

/** Several budgets from one trace: what comes out is what running each budget by itself gives. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../src/engine/remote/engine.ts';
import { EvidenceOfServers } from '../../../src/evidence/evidence.ts';
import type { Question } from '../../../src/prompt/question.ts';
import { run } from '../../../src/run/run.ts';
import { runBudgets, type BudgetRuns } from '../../../src/tuning/sweep/run-budgets.ts';
import { problems } from '../../bench/problems.ts';
import { thinks, writes } from '../../support/fake-vllm/scripts.ts';
import { toQuestion } from '../../support/remote-runner.ts';
import { startRoad } from '../../support/road.ts';
import { startFake } from '../../support/start-fake.ts';

const worker = new URL('../../../dist/worker.js', import.meta.url);
const model = fileURLToPath(new URL('../../../models/thinkmeter-demo', import.meta.url));

const BUDGETS = [0, 1, 7, 16, 33, 64, 200];
const nobody = { firstToken: () => undefined, ended: () => undefined };

function sweep(engine: Engine, question: Question, budgets = BUDGETS): Promise<BudgetRuns> {
  const signal = new AbortController().signal;
  return runBudgets(question, budgets, { runId: 'a', engine, clock: systemClock, signal, observe: () => nobody });
}

async function alone(engine: Engine, question: Question, tokens: number): Promise<object> {
  const asked = { ...question, thinkingBudget: { tokens, given: true } };
  const { outcome } = await run(asked, engine, {
    runId: 'b',
    signal: new AbortController().signal,
    clock: systemClock,
    startedAt: systemClock.now(),
    evidence: new EvidenceOfServers(),
    mechanism: 'stream',
  });
  return { answer: outcome.answer, thinkingTokens: outcome.counts.thinking, receivedTokens: outcome.counts.received };
}

/** int8 numbers depend on which tokens are computed together, so no run may find another one's prompt in the cache. */
async function forget(engine: Engine): Promise<void> {
  await alone(engine, { ...toQuestion({ text: '1 + 1' }), system: [{ from: 'ours', text: 'Forget.' }] }, 0);
}

test('of a greedy model in this process, answer by answer', async () => {
  const engine = createEmbeddedEngine({ worker, model, library: 'onnxruntime' });
  onTestFinished(() => engine.close());
  for (const { question: text } of problems(5, 11)) {
    const question = toQuestion({ text });
    // oxlint-disable no-await-in-loop -- the model runs one generation at a time
    await forget(engine);
    // without thinking the prompt is another one, of which a part is in the cache after the sweep
    const { runs, generatedTokens, isTraced } = await sweep(engine, question, BUDGETS.slice(1));
    expect(isTraced).toBe(true);
    for (const { budget, ...ended } of runs.slice(0, -1)) {
      await forget(engine);
      expect(ended).toMatchObject(await alone(engine, question, budget ?? 0));
    }
    // oxlint-enable no-await-in-loop
    expect(runs.at(-1)).toMatchObject({ budget: null });
    expect(generatedTokens).toBeLessThan(runs.reduce((sum, { receivedTokens }) => sum + receivedTokens, 0));
  }
});

test('a server generates the thinking once', async () => {
  const thought = '2 + 2 is 4.\n'.repeat(12);
  const fake = await startFake({ script: writes(`${thought}</think>\n\nThe answer is 42.`) });
  const engine = createRemoteEngine({ baseUrl: fake.url });
  onTestFinished(() => engine.close());
  const before = fake.generationTokensTotal;
  const { runs, generatedTokens } = await sweep(engine, toQuestion({}));
  expect(runs.map(({ budget, closed }) => `${budget} ${closed}`)).toEqual([
    '0 false',
    '1 false',
    '7 false',
    '16 false',
    '33 false',
    '64 false',
    '200 true',
    'null true',
  ]);
  expect(runs.every(({ answer }) => answer === 'The answer is 42.')).toBe(true);
  // the trial of token mode generates a token
  expect(fake.generationTokensTotal - before - generatedTokens).toBeLessThanOrEqual(2);
});

test('thinking that closes within a budget costs that budget nothing', async () => {
  const fake = await startFake({ script: thinks('Two and two.', 'It is 4.') });
  const engine = createRemoteEngine({ baseUrl: fake.url });
  onTestFinished(() => engine.close());
  const { runs, generatedTokens } = await sweep(engine, toQuestion({}), [64, 128]);
  expect(runs[0]).toEqual({ ...runs[2], budget: 64 });
  expect(generatedTokens).toBe(runs[2]?.receivedTokens);
});

test('over chat completions, each budget is run by itself', async () => {
  const fake = await startFake({
    script: thinks('Two and two.', 'It is 4.'),
    misbehave: { noTokenize: true, noTokenIds: true },
  });
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/v1/completions' ? { status: 404, body: '<html>not found</html>' } : undefined),
  });
  const engine = createRemoteEngine({ baseUrl: road.url });
  onTestFinished(() => engine.close());
  const { runs, isTraced } = await sweep(engine, toQuestion({}), [2, 64]);
  expect(isTraced).toBe(false);
  expect(runs.map(({ budget }) => budget)).toEqual([2, 64, null]);
});

test('a connection that breaks in the trace: the case is run again', async () => {
  const fake = await startFake({ script: thinks('Two and two.', 'It is 4.') });
  const engine = createRemoteEngine({ baseUrl: fake.url });
  onTestFinished(() => engine.close());
  await sweep(engine, toQuestion({}), []);
  fake.change({ dropAfterTokens: 3, dropTimes: 1 });
  const { runs } = await sweep(engine, toQuestion({}), [1]);
  expect(runs.map(({ answer }) => answer)).toEqual(['It is 4.', 'It is 4.']);
});

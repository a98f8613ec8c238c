/**
 * Accuracy against thinking budget, from real generation:
 *
 *   npm run bench:budget -- [--engine demo|embedded|vllm] [--base-url URL] [--model NAME] [--native] [--problems 200] [--seed 1]
 *
 * `--native` asks a vLLM server for its own `thinking_token_budget` instead, and counts what it really thought.
 */
import PQueue from 'p-queue';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from '../../src/run/run.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { toTable } from '../../src/cli/table.ts';
import { systemClock } from '../../src/clock.ts';
import { createEmbeddedEngine } from '../../src/engine/embedded/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { promptOf } from './engine.ts';
import { nativeRun } from './native.ts';
import { isRight, problems, type Problem } from './problems.ts';

const BUDGETS = [0, 32, 64, 128, 256, 512];
const ANSWER_TOKENS = 64;

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'demo' },
    'base-url': { type: 'string', default: 'http://localhost:8000/v1' },
    model: { type: 'string' },
    native: { type: 'boolean', default: false },
    problems: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});

function createEngine(): Engine {
  if (values.engine === 'vllm')
    return createRemoteEngine({
      baseUrl: values['base-url'],
      ...(values.model === undefined ? {} : { model: values.model }),
    });
  const shipped = fileURLToPath(new URL('../../models/thinkmeter-demo', import.meta.url));
  return createEmbeddedEngine({
    model: values.model ?? shipped,
    worker: new URL('../../dist/worker.js', import.meta.url),
    library: values.engine === 'demo' ? 'onnxruntime' : 'transformers',
  });
}

type Result = {
  readonly right: boolean;
  readonly thinkingTokens: number;
  readonly endedBy: string;
  readonly requests: number;
};

async function ask(engine: Engine, problem: Problem, budget: number, isNative: boolean): Promise<Result> {
  const prompt = promptOf(problem);
  const signal = new AbortController().signal;
  if (isNative && budget > 0) {
    const { answer, thinkingTokens } = await nativeRun(engine, values['base-url'], prompt, {
      budget,
      answerTokens: ANSWER_TOKENS,
      signal,
    });
    return { right: isRight(answer, problem), thinkingTokens, endedBy: 'native', requests: 1 };
  }
  const question = {
    ...prompt,
    thinkingBudget: { tokens: budget, given: true },
    answerTokens: { tokens: ANSWER_TOKENS, given: true },
  };
  const { outcome } = await run(question, engine, {
    runId: 'bench',
    signal,
    clock: systemClock,
    startedAt: systemClock.now(),
    evidence,
  });
  return {
    right: isRight(outcome.answer, problem),
    thinkingTokens: outcome.counts.thinking,
    endedBy: outcome.thinkingEndedBy,
    requests: outcome.requests,
  };
}

const engine = createEngine();
const evidence = new EvidenceOfServers();
const { model } = (await engine.open({ signal: new AbortController().signal })).facts;
const all = problems(Number(values.problems), Number(values.seed));
const queue = new PQueue({ concurrency: values.engine === 'vllm' ? 16 : 1 });

/** Solves all problems under each budget, and prints the table. */
async function measure(isNative: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const budget of BUDGETS) {
    const startedAt = systemClock.now();
    // oxlint-disable-next-line no-await-in-loop -- one budget after the other, for its time
    const results = await Promise.all(all.map((problem) => queue.add(() => ask(engine, problem, budget, isNative))));
    const share = (count: number): string => `${((100 * count) / results.length).toFixed(1)} %`;
    const mean = (of: (result: Result) => number): number =>
      results.reduce((sum, result) => sum + of(result), 0) / results.length;
    const right = results.filter((result) => result.right).length;
    const thought = mean(({ thinkingTokens }) => thinkingTokens);
    rows.push([
      String(budget),
      share(right),
      thought.toFixed(1),
      String(Math.max(...results.map(({ thinkingTokens }) => thinkingTokens))),
      share(results.filter(({ thinkingTokens }) => thinkingTokens > budget).length),
      mean(({ requests }) => requests).toFixed(1),
      `${((systemClock.now() - startedAt) / 1000).toFixed(1)} s`,
    ]);
  }
  const headings = ['budget', 'right', 'mean thinking', 'most thinking', 'over budget', 'mean requests', 'time'];
  process.stdout.write(
    `${model}, ${values.engine}${isNative ? ', native budget' : ''}, ${all.length} problems, seed ${values.seed}\n\n`,
  );
  process.stdout.write(`${toTable(headings, rows)}\n`);
}

await measure(values.native);
await engine.close();

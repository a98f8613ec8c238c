/**
 * A tuning from one trace per problem, compared with running each budget by itself: are the answers equal, and what do
 * both take? `npm run bench:tune -- --model models/thinkmeter-demo`, or `--base-url http://localhost:8000`.
 *
 * With `--stops`: what an early stop does at each threshold, beside the budgets, and nothing is run apart.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import type { Question } from '../../src/prompt/question.ts';
import { run } from '../../src/run/run.ts';
import { THRESHOLDS } from '../../src/tuning/sweep/calibrate.ts';
import { runBudgets, type BudgetRun, type BudgetRuns } from '../../src/tuning/sweep/run-budgets.ts';
import { toTable } from '../../src/cli/table.ts';
import { engineOf, promptOf } from './engine.ts';
import { isRight, problems, type Problem } from './problems.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/thinkmeter-demo' },
    'base-url': { type: 'string' },
    count: { type: 'string', default: '200' },
    budgets: { type: 'string', default: '32,64,128,256,512' },
    parallel: { type: 'string', default: '1' },
    stops: { type: 'boolean', default: false },
  },
});

const budgets = values.budgets.split(',').map(Number);
const engine = engineOf(values);
const signal = new AbortController().signal;
const nobody = { firstToken: () => undefined, ended: () => undefined };

function questionOf(problem: Problem, tokens: number): Question {
  return {
    ...promptOf(problem),
    thinkingBudget: { tokens, given: true },
    answerTokens: { tokens: 512, given: false },
  };
}

async function alone(problem: Problem, budget: number | null): Promise<{ answer: string; tokens: number }> {
  const { outcome } = await run(questionOf(problem, budget ?? 1_000_000), engine, {
    runId: 'alone',
    signal,
    clock: systemClock,
    startedAt: systemClock.now(),
    evidence: new EvidenceOfServers(),
    mechanism: 'stream',
  });
  return { answer: outcome.answer, tokens: outcome.counts.received };
}

/** As many at a time as asked for, in order. */
async function each<T>(work: (problem: Problem) => Promise<T>): Promise<{ results: T[]; seconds: number }> {
  const all = problems(Number(values.count), 1);
  const results: T[] = [];
  const startedAt = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) {
      // oxlint-disable-next-line no-await-in-loop -- each worker does one after the other
      results[index] = await work(all[index] as Problem);
    }
  };
  await Promise.all(Array.from({ length: Number(values.parallel) }, worker));
  return { results, seconds: (performance.now() - startedAt) / 1000 };
}

/** Right answers and mean thinking tokens of budgets, and of early stops without a budget. */
function printStops(results: readonly BudgetRuns[]): void {
  const list = problems(Number(values.count), 1);
  const row = (name: string, runs: readonly (BudgetRun | undefined)[]): string[] => {
    const right = runs.filter((one, index) => isRight(one?.answer ?? '', list[index] as Problem)).length;
    const tokens = runs.reduce((total, one) => total + (one?.thinkingTokens ?? 0), 0) / list.length;
    return [name, `${((100 * right) / list.length).toFixed(1)} %`, tokens.toFixed(1)];
  };
  const rows = [
    ...[...budgets, null].map((budget, place) =>
      row(
        budget === null ? 'unlimited' : `budget ${budget}`,
        results.map(({ runs }) => runs[place]),
      ),
    ),
    ...THRESHOLDS.map((threshold, place) =>
      row(
        `sure at ${threshold}`,
        results.map(({ stops }) => stops[place]),
      ),
    ),
  ];
  process.stdout.write(`${toTable(['thinking ended by', 'right', 'thinking'], rows)}\n`);
}

await alone(problems(1, 9)[0] as Problem, 8);
const swept = await each((problem) =>
  runBudgets(questionOf(problem, 0), budgets, {
    runId: 'sweep',
    engine,
    clock: systemClock,
    signal,
    observe: () => nobody,
    thresholds: values.stops ? THRESHOLDS : [],
  }),
);
if (values.stops) {
  await engine.close();
  printStops(swept.results);
  process.exit(0);
}
const apart = await each(async (problem) => {
  const runs: { answer: string; tokens: number }[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one run after the other
  for (const budget of [...budgets, null]) runs.push(await alone(problem, budget));
  return runs;
});
await engine.close();

const all = problems(Number(values.count), 1);
const percent = (count: number): string => `${((100 * count) / all.length).toFixed(1)} %`;
const rows = [...budgets, null].map((budget, place) => {
  const one = swept.results.map(({ runs }) => runs[place] as BudgetRun);
  const other = apart.results.map((runs) => runs[place]?.answer ?? '');
  return [
    budget === null ? 'unlimited' : String(budget),
    percent(one.filter(({ answer }, index) => isRight(answer, all[index] as Problem)).length),
    percent(other.filter((answer, index) => isRight(answer, all[index] as Problem)).length),
    String(one.filter(({ answer }, index) => answer === other[index]).length),
    (one.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0) / all.length).toFixed(1),
  ];
});
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
process.stdout.write(
  `${toTable(['budget', 'right, one trace', 'right, apart', `equal of ${all.length}`, 'thinking'], rows)}\n` +
    `one trace: ${sum(swept.results.map(({ generatedTokens }) => generatedTokens))} tokens, ${swept.seconds.toFixed(1)} s; ` +
    `apart: ${sum(apart.results.flat().map(({ tokens }) => tokens))} tokens, ${apart.seconds.toFixed(1)} s\n`,
);

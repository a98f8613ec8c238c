/**
 * The table of NVIDIA's guide, accuracy, savings and latency by budget, as `thinkmeter tune` prints it for a model, beside
 * the server's own budget field on the same problems:
 *
 *   npm run bench:guide -- --servers http://localhost:8000,http://localhost:8001 [--svg docs/accuracy.svg] [--problems 200] [--seed 1]
 *
 * Each server is a vLLM with one model. It needs `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toTerminal } from '../../src/tuning/picture/terminal.ts';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import type { TuneResult } from '../../src/tuning/values.ts';
import { promptOf } from './engine.ts';
import { nativeRun } from './native.ts';
import { toPicture, type NativePoint, type Panel } from './picture.ts';
import { isRight, problems } from './problems.ts';

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: 'http://localhost:8000' },
    svg: { type: 'string' },
    problems: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const BUDGETS = [64, 128, 256, 512];
const ANSWER_TOKENS = 64;
const all = problems(Number(values.problems), Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-guide-'));

function tuned(server: string): TuneResult {
  const file = join(folder, 'problems.jsonl');
  writeFileSync(
    file,
    all.map(({ question, answer }) => JSON.stringify({ question, expected: `${answer}` })).join('\n'),
  );
  const json = execFileSync(
    process.execPath,
    [
      'dist/main.js',
      'tune',
      file,
      '--base-url',
      server,
      '--budgets',
      BUDGETS.join(),
      '--tolerance',
      '2',
      '--state',
      ':memory:',
      '--json',
    ],
    { encoding: 'utf8' },
  );
  return JSON.parse(json) as TuneResult;
}

async function native(server: string): Promise<NativePoint[]> {
  const engine = createRemoteEngine({ baseUrl: server });
  const points: NativePoint[] = [];
  for (const budget of BUDGETS) {
    // oxlint-disable-next-line no-await-in-loop -- one budget after the other
    const runs = await Promise.all(
      all.map(async (problem) => {
        const { signal } = new AbortController();
        const options = { budget, answerTokens: ANSWER_TOKENS, signal };
        const { answer, thinkingTokens } = await nativeRun(engine, server, promptOf(problem), options);
        return { isRight: isRight(answer, problem), thinkingTokens };
      }),
    );
    points.push({
      budget,
      right: runs.filter((run) => run.isRight).length / runs.length,
      thought: runs.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0) / runs.length,
    });
  }
  await engine.close();
  return points;
}

try {
  const panels: Panel[] = [];
  for (const server of values.servers.split(',')) {
    const result = tuned(server);
    process.stdout.write(`${result.model}\n${toTerminal(result, { width: 100, color: false }).join('\n')}\n`);
    for (const warning of result.warnings) process.stdout.write(`note: ${warning}\n`);
    // oxlint-disable-next-line no-await-in-loop -- one server after the other
    const points = await native(server);
    for (const { budget, right, thought } of points) {
      process.stdout.write(`its own field, ${budget}: ${(100 * right).toFixed(1)} %, ${thought.toFixed(1)} tokens\n`);
    }
    panels.push({ model: result.model, cases: result.cases, tuned: result.budgets, native: points });
  }
  if (values.svg !== undefined) writeFileSync(values.svg, toPicture(panels));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

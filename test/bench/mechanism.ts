/**
 * Prompt length against total time, for our own cut and for the server's own budget, in turns:
 *
 *   npm run bench:mechanism -- --base-url URL [--budget 32] [--runs 15] [--lengths 100,400,800,1200,1600]
 *
 * The prompts differ from each other in their first words, so that no run finds another's in a prefix cache; what a cut
 * finds there is its own. Run it against a server with prefix caching and against one without:
 *
 *   npm run vllm:serve -- --model thinkmeter-demo-3 [--no-enable-prefix-caching]
 */
import { parseArgs } from 'node:util';
import type { ForcedMechanism } from '../../src/budget/mechanism.ts';
import { run } from '../../src/run/run.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { toTable } from '../../src/cli/table.ts';
import { systemClock } from '../../src/clock.ts';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { questionParts, systemParts } from '../../src/prompt/question.ts';
import { median } from './figures.ts';

const { values } = parseArgs({
  options: {
    'base-url': { type: 'string', default: 'http://localhost:8000/v1' },
    budget: { type: 'string', default: '32' },
    runs: { type: 'string', default: '15' },
    lengths: { type: 'string', default: '100,400,800,1200,1600' },
  },
});
const QUESTION = '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 = ?';
const ANSWER_TOKENS = 16;
const WARM_UP = 2;

const engine = createRemoteEngine({ baseUrl: values['base-url'] });
const { signal } = new AbortController();
const evidence = new EvidenceOfServers();
let turn = 0;

/** Words that make about so many tokens, with a beginning of their own. */
function filler(tokens: number): string {
  turn += 1;
  return `${turn} ${'12 34 '.repeat(Math.ceil(tokens / 6))}`;
}

async function timed(
  mechanism: ForcedMechanism | undefined,
  tokens: number,
): Promise<{ ms: number; prompt: number; used: string }> {
  const question = {
    system: systemParts('You are a careful reasoner.', undefined),
    user: questionParts(QUESTION, filler(tokens)),
    thinkingBudget: { tokens: Number(values.budget), given: true },
    answerTokens: { tokens: ANSWER_TOKENS, given: true },
  };
  const startedAt = systemClock.now();
  const { outcome, learnt } = await run(question, engine, {
    runId: 'bench',
    signal,
    clock: systemClock,
    startedAt,
    evidence,
    mechanism,
  });
  await learnt;
  if (mechanism !== undefined && outcome.mechanism !== mechanism)
    throw new Error(`${mechanism} was not used: ${outcome.warnings.join('; ')}`);
  const { counts, requests, timing } = outcome;
  return { ms: timing.totalMs, prompt: Math.round(counts.prompt / requests), used: outcome.mechanism };
}

const { model, prefixCaching } = (await engine.open({ signal })).facts;
const rows: string[][] = [];
for (const length of values.lengths.split(',').map(Number)) {
  const took: Record<'stream' | 'native', number[]> = { stream: [], native: [] };
  let prompt = 0;
  for (let turns = 0; turns < WARM_UP + Number(values.runs); turns++) {
    for (const mechanism of ['stream', 'native'] as const) {
      // oxlint-disable-next-line no-await-in-loop -- in turns, so that both meet the same machine
      const done = await timed(mechanism, length);
      if (turns >= WARM_UP) took[mechanism].push(done.ms);
      prompt = done.prompt;
    }
  }
  // by the rule, with what was timed so far
  // oxlint-disable-next-line no-await-in-loop -- as above
  const { used } = await timed(undefined, length);
  const [stream, native] = [median(took.stream), median(took.native)];
  const added = median(took.stream.map((ms, index) => ms - (took.native[index] ?? 0)));
  rows.push([String(prompt), `${stream.toFixed(0)} ms`, `${native.toFixed(0)} ms`, `${added.toFixed(0)} ms`, used]);
}
await engine.close();
process.stdout.write(
  `${model}, prefix caching ${prefixCaching === true ? 'on' : 'off'}, budget ${values.budget}, ${values.runs} runs, medians\n\n`,
);
process.stdout.write(
  `${toTable(['prompt tokens', 'our cut', "the server's own", 'our cut costs', 'the rule takes'], rows)}\n`,
);

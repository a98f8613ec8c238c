/**
 * What the log-probabilities of an early stop cost: tokens/s of the same generations with and without them, in turns.
 *
 *   npm run bench:margins -- [--model models/thinkmeter-demo] [--base-url http://localhost:8000] [--count 40]
 *
 * One generation at a time. The speed is that from its first to its last token.
 */
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { engineOf, promptOf } from './engine.ts';
import { machine, median } from './figures.ts';
import { problems, type Problem } from './problems.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/thinkmeter-demo' },
    'base-url': { type: 'string' },
    count: { type: 'string', default: '40' },
  },
});
/** Fewer tokens give no speed. */
const LEAST_TOKENS = 40;
const engine = engineOf(values);
const call = { signal: new AbortController().signal };
const session = await engine.open(call);

/** Tokens per second, and whether margins arrived. */
async function speed(problem: Problem, margins: boolean): Promise<{ perSecond: number; hasMargins: boolean }> {
  const { beginning } = await session.render(promptOf(problem), { thinking: true, room: 600, ...call });
  let [firstAt, lastAt, tokens, hasMargins] = [0, 0, 0, false];
  const limits = { maxTokens: 600, sampling: { temperature: 0 }, margins };
  for await (const piece of session.generate(beginning, limits, call)) {
    lastAt = performance.now();
    if (tokens === 0) firstAt = lastAt;
    tokens += piece.ids.length;
    hasMargins ||= piece.margins !== undefined;
  }
  return { perSecond: tokens < LEAST_TOKENS ? 0 : (1000 * (tokens - 1)) / (lastAt - firstAt), hasMargins };
}

const all = problems(Number(values.count), 1);
// the first request with log-probabilities may be compiled for
for (const margins of [false, true]) await speed(all[0] as Problem, margins);
const pairs: (readonly [plain: number, reporting: number])[] = [];
let missing = 0;
for (const [index, problem] of all.entries()) {
  const found: [number, number] = [0, 0];
  for (const margins of index % 2 === 0 ? [false, true] : [true, false]) {
    // oxlint-disable-next-line no-await-in-loop -- one generation at a time
    const { perSecond, hasMargins } = await speed(problem, margins);
    found[Number(margins)] = perSecond;
    if (margins && !hasMargins) missing += 1;
  }
  if (found[0] > 0 && found[1] > 0) pairs.push(found);
}
await engine.close();
const [without, including] = [0, 1].map((place) => median(pairs.map((pair) => pair[place] as number)));
const ratio = median(pairs.map(([one, other]) => other / one));
process.stdout.write(
  `${toTable(
    ['tokens/s, median', 'without', 'with', 'median of the ratios'],
    [[session.facts.model, (without ?? 0).toFixed(1), (including ?? 0).toFixed(1), ratio.toFixed(3)]],
  )}\n\n${pairs.length} pairs; without margins although requested: ${missing}; ${machine()}\n`,
);

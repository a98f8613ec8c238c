/**
 * Time that the whole choice of a token takes, in our code and in transformers.js:
 *
 *   npm run bench:sampling [-- --vocabulary 131072 --runs 200]
 */
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import type { Sampling } from '../../src/prompt/family.ts';
import { millisecondsPerChoice } from './choice.ts';
import { figures, HEADINGS, machine } from './figures.ts';

const { values } = parseArgs({
  options: { vocabulary: { type: 'string', default: '131072' }, runs: { type: 'string', default: '200' } },
});
const WARM_UP = 20;

/** Normally distributed, from two uniform numbers (Box and Muller). */
function gaussian(deviation: number): number {
  return deviation * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

type Shape = { readonly name: string; readonly logit: (token: number) => number; readonly temperature?: number };

const SHAPES: readonly Shape[] = [
  { name: 'peaked: one token has nearly all', logit: (token) => (token === 7 ? 30 : gaussian(3)) },
  { name: 'like a language model: deviation 3', logit: () => gaussian(3) },
  { name: 'the same at temperature 0.6', logit: () => gaussian(3), temperature: 0.6 },
  { name: 'the same at temperature 2', logit: () => gaussian(3), temperature: 2 },
  { name: 'flat: all logits equal', logit: () => 1 },
  { name: 'flat, one token in 100 impossible', logit: (token) => (token % 100 === 7 ? -Infinity : 1) },
];
const TOP_P = [0.5, 0.95, 1] as const;

const rows: string[][] = [];
async function measure(name: string, logit: Shape['logit'], sampling: Sampling): Promise<void> {
  const logits = Float32Array.from({ length: Number(values.vocabulary) }, (_, token) => logit(token));
  const taken = await millisecondsPerChoice(logits, sampling, WARM_UP + Number(values.runs));
  rows.push(figures(name, taken.slice(WARM_UP)));
}
for (const { name, logit, temperature = 1 } of SHAPES)
  // oxlint-disable-next-line no-await-in-loop -- one at a time, for a core of its own
  for (const topP of TOP_P) await measure(`${name}, top_p ${topP}`, logit, { temperature, topP });
await measure('greedy: deviation 3', () => gaussian(3), { temperature: 0 });

process.stdout.write(`Choice of one token from ${values.vocabulary}; ${machine()}

Included: temperature, top_p and the draw, in thinkmeter and in transformers.js, from the finished logits until the
streamer receives the token. Not included: the model, and the copy of the logits that transformers.js makes first.
In the program it takes about a fifth less: V8 checks more at each read of an array once tsx, which runs this, has loaded.

${toTable(HEADINGS, rows)}
`);

/**
 * Time per token that temperature and top_p take:
 *
 *   npm run bench:sampling [-- --vocabulary 131072 --runs 200]
 */
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { applySampling } from '../../src/engine/embedded/sampler.ts';
import { figures, HEADINGS } from './figures.ts';

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
const TOP_P = [0.5, 0.95] as const;

const rows = SHAPES.flatMap(({ name, logit, temperature = 1 }) => {
  const given = Float32Array.from({ length: Number(values.vocabulary) }, (_, token) => logit(token));
  return TOP_P.map((topP) => {
    const taken = Array.from({ length: WARM_UP + Number(values.runs) }, () => {
      const logits = given.slice();
      const startedAt = performance.now();
      applySampling(logits, { temperature, topP });
      return performance.now() - startedAt;
    });
    return figures(`${name}, top_p ${topP}`, taken.slice(WARM_UP));
  });
});
process.stdout.write(`${toTable(HEADINGS, rows)}\n`);

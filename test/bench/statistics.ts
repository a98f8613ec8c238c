/**
 * Tunings of simulated models whose accuracy and losses are known (`test/tuning/statistics/simulated.ts`):
 *
 *   npm run bench:statistics [-- --tunings 500]
 *
 * Coverage is the share of the 95 % intervals that contain the truth. It is printed for the mean of all budgets, and for
 * the budget where it is least.
 */
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { normalQuantile } from '../../src/tuning/statistics/normal.ts';
import { randomFrom } from '../support/random.ts';
import { accuracyCoverage, decisionsOf, differenceCoverage, ours, tuningsOf } from '../tuning/statistics/evaluation.ts';
import { agrestiMin, newcombe } from '../tuning/statistics/other-intervals.ts';
import { modelsAt } from '../tuning/statistics/simulated.ts';

const { values } = parseArgs({ options: { tunings: { type: 'string', default: '500' } } });
const tunings = Number(values.tunings);

const CASES = [50, 200, 1000];
const CASES_PER_LOOK = new Map([
  [50, 10],
  [200, 20],
  [1000, 50],
]);
const REPEATS = [1, 4];
const TOLERANCES = [0.01, 0.02, 0.05];

const Z = normalQuantile(0.975);
const percent = (share: number): string => (100 * share).toFixed(1);
const meanAndLeast = (shares: readonly number[] | undefined): string[] =>
  shares === undefined
    ? ['-', '-']
    : [percent(shares.reduce((sum, share) => sum + share, 0) / shares.length), percent(Math.min(...shares))];

const coverages: string[][] = [];
const decisions: string[][] = [];
for (const tolerance of TOLERANCES) {
  for (const model of modelsAt(tolerance)) {
    for (const cases of CASES) {
      for (const repeats of REPEATS) {
        const sample = tuningsOf(model, cases, repeats, tunings, randomFrom(cases + repeats));
        if (model.name === 'usual' && tolerance === TOLERANCES[0]) {
          // they know no repeats
          const ofOther = (interval: typeof newcombe): readonly number[] | undefined =>
            repeats === 1
              ? differenceCoverage(model, sample, ({ reference, tried }, at) =>
                  interval(reference, tried[at]?.shares ?? [], Z),
                )
              : undefined;
          coverages.push([
            String(cases),
            String(repeats),
            ...meanAndLeast(accuracyCoverage(model, sample)),
            ...meanAndLeast(differenceCoverage(model, sample, ours)),
            ...meanAndLeast(ofOther(newcombe)),
            ...meanAndLeast(ofOther(agrestiMin)),
          ]);
        }
        const casesPerLook = CASES_PER_LOOK.get(cases) ?? cases;
        const found = decisionsOf(model, sample, { tolerance, cases, casesPerLook });
        decisions.push([
          (100 * tolerance).toFixed(0),
          model.name,
          String(cases),
          String(repeats),
          ...Object.values(found).map(percent),
        ]);
      }
    }
  }
}

const coverageHeadings = [
  'cases',
  'repeats',
  'accuracy',
  'least',
  'difference',
  'least',
  'Newcombe 10',
  'least',
  'Agresti-Min',
  'least',
];
const decisionHeadings = [
  'tolerance',
  'model',
  'cases',
  'repeats',
  'recommended',
  'loss too great',
  'wrongly dropped',
  'stopping changed',
  'dropping changed',
  'cases saved',
  'answers saved',
];
process.stdout.write(
  `${tunings} tunings for each row, in percent\n\ncoverage\n\n${toTable(coverageHeadings, coverages)}\n\n` +
    `decisions\n\n${toTable(decisionHeadings, decisions)}\n`,
);

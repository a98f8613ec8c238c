/**
 * Tunings of simulated models whose accuracy and losses are known (`test/tuning/statistics/simulated.ts`):
 *
 *   npm run bench:statistics [-- --tunings 500]
 *
 * Coverage: the share of the 95 % intervals that contain the truth, as mean and least of the budgets. Budgets at which
 * fewer than ten cases differ from unlimited thinking are apart: outcomes are whole cases, so that any interval mostly
 * contains the truth too often there.
 */
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { normalQuantile } from '../../src/tuning/statistics/normal.ts';
import { randomFrom } from '../support/random.ts';
import {
  accuracyCoverage,
  decisionsOf,
  differenceCoverage,
  differing,
  ours,
  tuningsOf,
} from '../tuning/statistics/evaluation.ts';
import { exactCoverage, scoreInterval, type PairMethod } from '../tuning/statistics/exact.ts';
import { agrestiMin, newcombe } from '../tuning/statistics/other-intervals.ts';
import { MODELS, type Model, type Tuning } from '../tuning/statistics/simulated.ts';

const { values } = parseArgs({ options: { tunings: { type: 'string', default: '500' } } });
const tunings = Number(values.tunings);

const SIZES = [
  { cases: 50, casesPerLook: 10 },
  { cases: 200, casesPerLook: 20 },
  { cases: 1000, casesPerLook: 50 },
];
const REPEATS = [1, 4];
const TOLERANCES = [0.01, 0.02, 0.05];
/** The coverage depends on no tolerance; this one makes the losses of the models. */
const COVERAGE_AT = { tolerance: 0.02, models: ['usual', 'losses'] };
const MANY = 10;

const percent = (share: number): string => (100 * share).toFixed(1);
const mean = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0) / shares.length;
const meanAndLeast = (shares: readonly number[]): string =>
  shares.length === 0 ? '-' : `${percent(mean(shares))} (${percent(Math.min(...shares))})`;

function coverageRow(name: string, model: Model, cases: number, repeats: number, sample: readonly Tuning[]): string[] {
  const counts = differing(sample);
  const apart = (shares: readonly number[]): string[] =>
    [shares.filter((_, at) => (counts[at] ?? 0) >= MANY), shares.filter((_, at) => (counts[at] ?? 0) < MANY)].map(
      meanAndLeast,
    );
  return [
    name,
    String(cases),
    String(repeats),
    meanAndLeast(accuracyCoverage(model, sample)),
    ...apart(differenceCoverage(model, sample, ours)),
  ];
}

const coverages: string[][] = [];
const decisions: string[][] = [];
for (const tolerance of TOLERANCES) {
  for (const [name, modelAt] of Object.entries(MODELS)) {
    const model = modelAt(tolerance);
    for (const { cases, casesPerLook } of SIZES) {
      for (const repeats of REPEATS) {
        // other tunings for each row
        const random = randomFrom(decisions.length + 1);
        const sample = tuningsOf(model, cases, repeats, tunings, random);
        if (tolerance === COVERAGE_AT.tolerance && COVERAGE_AT.models.includes(name)) {
          coverages.push(coverageRow(name, model, cases, repeats, sample));
        }
        const found = decisionsOf(model, sample, { tolerance, cases, casesPerLook });
        const shares = Object.values(found).map(percent);
        decisions.push([(100 * tolerance).toFixed(0), name, String(cases), String(repeats), ...shares]);
      }
    }
  }
}

const METHODS: readonly { readonly name: string; readonly method: PairMethod }[] = [
  { name: 'score (Tango)', method: scoreInterval },
  { name: 'Newcombe 10', method: newcombe },
  { name: 'Agresti-Min', method: agrestiMin },
];
const exact = [50, 200].flatMap((cases) =>
  METHODS.map(({ name, method }) => {
    const coverage = exactCoverage(method, cases, normalQuantile(0.975), normalQuantile(0.95));
    return [name, String(cases), ...Object.values(coverage).map(percent)];
  }),
);

const coverageHeadings = ['model', 'cases', 'repeats', 'accuracy', 'difference', 'few differ'];
const exactHeadings = ['interval', 'cases', 'mean', 'least', 'loss underestimated, most'];
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
  `${tunings} tunings for each row, in percent\n\ncoverage: mean (least) of the budgets\n\n` +
    `${toTable(coverageHeadings, coverages)}\n\n` +
    'exact coverage of differences, over 20 rates of pairs that differ; the last column is one-sided at 95 %\n\n' +
    `${toTable(exactHeadings, exact)}\n\ndecisions\n\n${toTable(decisionHeadings, decisions)}\n`,
);

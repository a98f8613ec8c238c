/** A model whose accuracy and losses are known, and tunings of it. */
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';
import type { Shares, Tried } from '../../../src/tuning/statistics/shares.ts';

export const BUDGETS = [0, 64, 128, 256, 512, 1024, 2048];

/**
 * Cases differ: `hardness` of a case is spread evenly from 0 to 1. Thinking is longer and right less often for a hard one.
 * A trace that closes within the budget gives the answer of unlimited thinking. A cut one still gives it with a probability
 * that rises with the budget, and otherwise the answer without thinking.
 */
export type Model = {
  /** median of all traces */
  readonly medianTokens: number;
  /** standard deviations of the logarithm of the length: between cases, and between the repeats of one */
  readonly spread: { readonly cases: number; readonly repeats: number };
  /** probability of a right answer for the easiest and for the hardest case */
  readonly right: { readonly easiest: number; readonly hardest: number };
  /** the same, without thinking */
  readonly guess: { readonly easiest: number; readonly hardest: number };
};

const between = ({ easiest, hardest }: Model['right'], hardness: number): number =>
  easiest + (hardest - easiest) * hardness;

/** `hardness` and `luck` as quantiles of the normal distribution. */
const tokensOf = ({ medianTokens, spread }: Model, hardness: number, luck: number): number =>
  medianTokens * Math.exp(spread.cases * hardness + spread.repeats * luck);

/** Of a trace that is cut: how likely it gives the answer of unlimited thinking. */
const kept = (budget: number, tokens: number): number => (budget / tokens) ** 2;

export type Truth = { readonly reference: number; readonly losses: ReadonlyMap<number, number> };

const STEPS = 150;
const GRID = Array.from({ length: STEPS }, (_, step) => {
  const probability = (step + 0.5) / STEPS;
  return { probability, quantile: normalQuantile(probability) };
});

/** The probabilities themselves, over a grid of cases and traces. */
export function truthOf(model: Model): Truth {
  const byBudget = BUDGETS.map(() => 0);
  let reference = 0;
  for (const { probability: hardness, quantile } of GRID) {
    const [right, guess] = [between(model.right, hardness), between(model.guess, hardness)];
    reference += right / STEPS;
    for (const luck of GRID) {
      const tokens = tokensOf(model, quantile, luck.quantile);
      for (const [at, budget] of BUDGETS.entries()) {
        if (tokens <= budget) continue;
        byBudget[at] = (byBudget[at] ?? 0) + ((1 - kept(budget, tokens)) * (right - guess)) / STEPS ** 2;
      }
    }
  }
  return { reference, losses: new Map(BUDGETS.map((budget, at) => [budget, byBudget[at] ?? 0])) };
}

const usual = {
  medianTokens: 250,
  spread: { cases: 0.7, repeats: 0.35 },
  right: { easiest: 0.99, hardest: 0.65 },
  guess: { easiest: 0.7, hardest: 0.1 },
};

/** The same model with traces of such a length that a budget loses this much. */
export function losing(model: Model, budget: number, loss: number): Model {
  let [short, long] = [1, 1e6];
  for (let halving = 0; halving < 30; halving++) {
    const medianTokens = Math.sqrt(short * long);
    if ((truthOf({ ...model, medianTokens }).losses.get(budget) ?? 0) < loss) short = medianTokens;
    else long = medianTokens;
  }
  return { ...model, medianTokens: long };
}

export type Tuning = { readonly reference: Shares; readonly tried: readonly Tried[] };

/** Every case is measured at every budget. */
export function tune(model: Model, cases: number, repeats: number, random: () => number): Tuning {
  const reference: number[] = [];
  const tried = BUDGETS.map((budget) => ({ budget, shares: [] as number[] }));
  // no probability of exactly 0
  const inside = (): number => random() || Number.EPSILON;
  for (let index = 0; index < cases; index++) {
    const hardness = inside();
    const [right, guess] = [between(model.right, hardness), between(model.guess, hardness)];
    let rightReference = 0;
    const rightBudgets = BUDGETS.map(() => 0);
    for (let repeat = 0; repeat < repeats; repeat++) {
      const tokens = tokensOf(model, normalQuantile(hardness), normalQuantile(inside()));
      const isRight = random() < right;
      // of one trace: a cut that keeps the answer keeps it at each larger budget
      const keeps = random();
      rightReference += Number(isRight);
      for (const [at, budget] of BUDGETS.entries()) {
        const isKept = tokens <= budget || keeps < kept(budget, tokens);
        rightBudgets[at] = (rightBudgets[at] ?? 0) + Number(isKept ? isRight : random() < guess);
      }
    }
    reference.push(rightReference / repeats);
    for (const [at, { shares }] of tried.entries()) shares.push((rightBudgets[at] ?? 0) / repeats);
  }
  return { reference, tried };
}

/**
 * usual: as models are. long: every budget loses a lot. limit: as hard as it can be to decide, because the budget of 512
 * loses a trifle more than the tolerance. losses: the same, and an answer that changes is always lost, which is the hardest
 * case for the score test.
 */
export const MODELS: Readonly<Record<'usual' | 'long' | 'limit' | 'losses', (tolerance: number) => Model>> = {
  usual: () => usual,
  long: () => ({ ...usual, medianTokens: 3000 }),
  limit: (tolerance) => losing(usual, 512, tolerance * 1.0001),
  losses: (tolerance) => losing({ ...usual, guess: { easiest: 0, hardest: 0 } }, 512, tolerance * 1.0001),
};

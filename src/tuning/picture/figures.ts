/** The figures of a budget, as the columns of a table. */
import type { BudgetFigures } from '../values.ts';
import { budgetName, duration, fixed, grouped, percent } from './words.ts';

export type Figure = {
  readonly name: keyof BudgetFigures;
  readonly heading: string;
  /** one sentence */
  readonly meaning: string;
  readonly cell: (figures: BudgetFigures) => string;
};

const points = (share: number): string => fixed(share * 100, 1);

/** By name, so that none is left out; in the order of the table. */
const BY_NAME: Readonly<Record<keyof BudgetFigures, Omit<Figure, 'name'>>> = {
  budget: {
    heading: 'Budget',
    meaning: 'How many tokens the model may think before it has to answer.',
    cell: ({ budget }) => budgetName(budget),
  },
  accuracy: {
    heading: 'Accuracy',
    meaning: 'The share of answers that were right.',
    cell: (figures) => percent(figures.accuracy, 1),
  },
  accuracy_low: {
    heading: 'Accuracy, low',
    meaning: 'The lower end of the 95 % interval of the accuracy (Wilson).',
    cell: (figures) => percent(figures.accuracy_low, 1),
  },
  accuracy_high: {
    heading: 'Accuracy, high',
    meaning: 'The upper end of that interval.',
    cell: (figures) => percent(figures.accuracy_high, 1),
  },
  difference: {
    heading: 'Difference',
    meaning: 'The accuracy less that of unlimited thinking on the same cases, in points; below 0 is worse.',
    cell: (figures) => points(figures.difference),
  },
  difference_low: {
    heading: 'Difference, low',
    meaning: 'The lower end of the 95 % interval of the difference.',
    cell: (figures) => points(figures.difference_low),
  },
  difference_high: {
    heading: 'Difference, high',
    meaning: 'The upper end of that interval.',
    cell: (figures) => points(figures.difference_high),
  },
  thinking_tokens: {
    heading: 'Thinking tokens',
    meaning: 'How many tokens a run thought, on average.',
    cell: (figures) => grouped(figures.thinking_tokens),
  },
  thinking_tokens_p95: {
    heading: 'Thinking tokens, p95',
    meaning: '95 % of the runs thought at most this many tokens.',
    cell: (figures) => grouped(figures.thinking_tokens_p95),
  },
  closed_share: {
    heading: 'Closed',
    meaning: 'The share of runs in which the model ended its thinking before the budget did.',
    cell: (figures) => percent(figures.closed_share, 0),
  },
  latency_ms: {
    heading: 'Latency',
    meaning: 'How long a run took, on average.',
    cell: (figures) => duration(figures.latency_ms),
  },
  latency_ms_p95: {
    heading: 'Latency, p95',
    meaning: '95 % of the runs took at most this long.',
    cell: (figures) => duration(figures.latency_ms_p95),
  },
  saving: {
    heading: 'Saving',
    meaning: 'The share of the thinking tokens of unlimited thinking that this budget did not need.',
    cell: (figures) => percent(figures.saving, 0),
  },
};

const NAMES = Object.keys(BY_NAME) as (keyof BudgetFigures)[];

export const FIGURES: readonly Figure[] = NAMES.map((name) => ({ name, ...BY_NAME[name] }));

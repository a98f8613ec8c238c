/** Numbers and sentences of a tuning, the same in the picture, the terminal and the report. */
import type { BudgetFigures, TuneResult } from '../values.ts';

/** A value that cannot be computed, for example a mean of nothing. */
const MISSING = '–';

/** A text from outside as one line that controls neither a terminal nor the direction of the text around it. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/[\p{Surrogate}\p{Bidi_Control}\uFFFE\uFFFF]/gu, '\uFFFD')
    .trim();
}

export function budgetName(budget: number | null): string {
  return budget === null ? 'unlimited' : fixed(budget, 0);
}

/** With a true minus sign and without a minus before 0. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return MISSING;
  const digits = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(digits) !== 0 ? `−${digits}` : digits;
}

/** With a comma between thousands. */
export function grouped(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : MISSING;
}

/** `share` from 0 to 1. */
export function percent(share: number, decimals: number): string {
  const digits = fixed(share * 100, decimals);
  return digits === MISSING ? MISSING : `${digits} %`;
}

export type Unit = { readonly name: string; readonly ms: number };

const UNITS = {
  ms: { name: 'ms', ms: 1 },
  s: { name: 's', ms: 1000 },
  min: { name: 'min', ms: 60_000 },
  h: { name: 'h', ms: 3_600_000 },
} as const satisfies Readonly<Record<string, Unit>>;

/** Seconds up to ten minutes: latencies of models are usually compared in seconds. */
export function unitFor(ms: number): Unit {
  if (ms < 999.5) return UNITS.ms;
  if (ms < 600_000) return UNITS.s;
  return ms < 7_200_000 ? UNITS.min : UNITS.h;
}

/** A longer time is not a latency. */
const LONGEST_MS = 9999 * UNITS.h.ms;

export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return MISSING;
  if (ms > LONGEST_MS) return '> 9999 h';
  const unit = unitFor(ms);
  const amount = ms / unit.ms;
  return `${fixed(amount, unit !== UNITS.ms && amount < 9.95 ? 1 : 0)} ${unit.name}`;
}

export function casesAndRepeats({ cases, repeats }: TuneResult): string {
  return `${counted(cases, 'case')} · ${counted(repeats, 'repeat')}`;
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** What the tuning recommends, or why it recommends nothing. Without a period. */
export function verdict({ recommended, cases, cases_needed: needed }: TuneResult): string {
  if (recommended !== null) {
    const { budget, loss_points: loss, saving } = recommended;
    const isOne = budget === 0 || budget === 1;
    const verb = (plural: string): string => (isOne ? `${plural}s` : plural);
    return `${thinkingWith(budget)} ${change(loss, verb)} and ${saved(saving, verb)}`;
  }
  if (needed === undefined) return 'No budget comes close enough to unlimited thinking';
  // the number is an estimate: it may already be reached
  const more = Math.max(1, needed - cases);
  return `Not enough cases: about ${grouped(more)} more ${more === 1 ? 'is' : 'are'} needed to recommend a budget`;
}

function thinkingWith(budget: number): string {
  if (budget === 0) return 'No thinking';
  return `${budgetName(budget)} thinking token${budget === 1 ? '' : 's'}`;
}

type Verb = (plural: string) => string;

function change(lossPoints: number, verb: Verb): string {
  const points = fixed(Math.abs(lossPoints), 1);
  if (Number(points) === 0) return `${verb('lose')} nothing`;
  return `${verb(lossPoints < 0 ? 'gain' : 'lose')} ${points} points`;
}

function saved(saving: number, verb: Verb): string {
  const share = percent(saving, 0);
  return `${verb('save')} ${Number.parseFloat(share) > 0 ? share : 'nothing'} of unlimited thinking`;
}

const rank = ({ budget }: BudgetFigures): number => budget ?? Number.POSITIVE_INFINITY;

/** By rising budget, unlimited last. */
export function inOrder(budgets: readonly BudgetFigures[]): BudgetFigures[] {
  return budgets.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

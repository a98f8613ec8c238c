/** Accuracy with its interval as one bar of block characters, from 0 to 100 %. */
import type { BudgetFigures } from '../values.ts';

const [SURE, LIKELY, POSSIBLE] = ['█', '▓', '░'] as const;

export const LEGEND =
  `${SURE} up to the lower end of the 95 % interval, ${LIKELY} up to the accuracy, ${POSSIBLE} up to the upper end. Tokens and seconds are means; closed: thinking that the model ended by itself; ` +
  'saving: thinking tokens that it needed less than unlimited.';

type Accuracy = Pick<BudgetFigures, 'accuracy' | 'accuracy_low' | 'accuracy_high'>;

export function bar({ accuracy, accuracy_low: low, accuracy_high: high }: Accuracy, width: number): string {
  const ends = [low, accuracy, high].map((share) => Math.round(clamped(share) * width));
  const [sure = 0, likely = 0, possible = 0] = ends.map((_, index) => Math.max(...ends.slice(0, index + 1)));
  return SURE.repeat(sure) + LIKELY.repeat(likely - sure) + POSSIBLE.repeat(possible - likely);
}

/** 0 for what is not a number. */
function clamped(share: number): number {
  return Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share));
}

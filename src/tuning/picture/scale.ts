/** The ranges of the axes, and their ticks. Any number is drawn: what lies outside is drawn at the edge. */
import { unitFor } from './words.ts';

export type Tick = { readonly value: number; readonly text: string };

export type Scale = {
  readonly least: number;
  readonly most: number;
  readonly ticks: readonly Tick[];
};

/** Smaller differences would look great. In percent. */
const LEAST_SPAN = 20;
const STEPS = [5, 10, 20] as const;
const MOST_STEPS = 5;

/** From the lowest interval to the highest, in shares from 0 to 1; the ticks are whole percents. */
export function accuracyScale(shares: readonly number[]): Scale {
  const percents = shares.map((share) => clamped(share * 100, 0, 100));
  const highest = Math.max(LEAST_SPAN, ...percents);
  const lowest = Math.min(highest - LEAST_SPAN, ...percents);
  const bounds = (step: number): readonly [number, number] => [
    Math.floor(lowest / step),
    Math.min(Math.ceil(highest / step), 100 / step),
  ];
  const step = STEPS.find((each) => bounds(each)[1] - bounds(each)[0] <= MOST_STEPS) ?? 20;
  const [first, last] = bounds(step);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return {
    least: (first * step) / 100,
    most: (last * step) / 100,
    ticks: ticks.map((value) => ({ value: value / 100, text: `${value} %` })),
  };
}

/** Numbers whose halves have at most two digits. */
const ROUND = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10] as const;
/** The range is at least 1 ms. A latency of more than about a year is drawn as one. */
const [LEAST_MS, MOST_MS] = [1, 3e10] as const;

/** From 0, because bars show amounts by their length. */
export function latencyScale(latenciesMs: readonly number[]): Scale {
  const most = Math.max(...[LEAST_MS, ...latenciesMs].map((ms) => clamped(ms, LEAST_MS, MOST_MS)));
  const unit = unitFor(most);
  const power = 10 ** Math.floor(Math.log10(most / unit.ms));
  const round = (ROUND.find((each) => each * power * unit.ms >= most) ?? 10) * power;
  const ticks = [0, round / 2, round].map((amount) => ({
    value: amount * unit.ms,
    text: amount === 0 ? '0' : `${Number(amount.toPrecision(3))} ${unit.name}`,
  }));
  return { least: 0, most: round * unit.ms, ticks };
}

/** Where a value lies between `bottom` (the least) and `top` (the most). */
export function placed(value: number, { least, most }: Scale, bottom: number, top: number): number {
  const share = (clamped(value, least, most) - least) / (most - least);
  return bottom - share * (bottom - top);
}

function clamped(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Results of tunings: some as they may come, and any that the types allow. */
import * as fc from 'fast-check';
import type { BudgetFigures, TuneResult } from '../../../src/tuning/values.ts';

function usual(): fc.Arbitrary<number> {
  return fc.double({ min: 0, max: 1, noNaN: true });
}

const BUDGETS = [0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 131_072];

/** As tunings come: shares with their intervals, latencies up to ten minutes, and budgets up to a window of 128 Ki. */
export const usualResult: fc.Arbitrary<TuneResult> = fc
  .record({
    budgets: fc.integer({ min: 1, max: 12 }),
    latencyMs: fc.tuple(fc.integer({ min: 12, max: 5000 }), fc.integer({ min: 5000, max: 599_000 })),
    accuracy: fc.tuple(usual(), usual()),
    spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
    recommended: fc.option(fc.constantFrom(0, 64, 256, 2048)),
    casesNeeded: fc.nat(5000),
  })
  .map((shape) => sampleResult(shape));

type Shape = {
  /** with unlimited */
  readonly budgets: number;
  readonly model?: string;
  readonly latencyMs?: readonly [least: number, most: number];
  /** of the first and of the last budget */
  readonly accuracy?: readonly [first: number, last: number];
  /** half of the interval */
  readonly spread?: number;
  readonly recommended?: number | null;
  readonly casesNeeded?: number;
};

/** Accuracy and latency rise with the budget. */
export function sampleResult({
  budgets: count,
  model = 'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
  latencyMs = [410, 9300],
  accuracy: [first, last] = [0.42, 0.945],
  spread = 0.04,
  recommended = 256,
  casesNeeded,
}: Shape): TuneResult {
  const values = [...BUDGETS.slice(Math.max(0, 6 - Math.ceil(count / 2))).slice(0, count - 1), null];
  const budgets = values.map((budget, index): BudgetFigures => {
    const share = values.length === 1 ? 1 : index / (values.length - 1);
    const accuracy = first + (last - first) * (1 - (1 - share) ** 3);
    return {
      budget,
      accuracy,
      accuracy_low: Math.max(0, accuracy - spread),
      accuracy_high: Math.min(1, accuracy + spread),
      difference: accuracy - last,
      difference_low: accuracy - last - spread / 2,
      difference_high: accuracy - last + spread / 2,
      thinking_tokens: share ** 2 * 660,
      thinking_tokens_p95: budget ?? 1404,
      closed_share: share,
      latency_ms: latencyMs[0] * (latencyMs[1] / latencyMs[0]) ** share,
      latency_ms_p95: latencyMs[1] * 1.5,
      saving: 1 - share ** 2,
    };
  });
  return {
    tuning_id: 'c0ffee00-0000-4000-8000-000000000000',
    model,
    cases: 200,
    repeats: 1,
    budgets,
    recommended: recommended === null ? null : { budget: recommended, loss_points: 0.4, saving: 0.61 },
    ...(casesNeeded !== undefined && { cases_needed: casesNeeded }),
    tokens: { generated: 141_870, naive: 402_311 },
    warnings: [],
  };
}

/** Any text, with what ends a context or controls a terminal. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    ']]>',
    '--><svg onload="x">',
    '"\'&amp;&#0;',
    '\u001B[31mred\u001B[0m',
    '\u202Egnirts',
    'a\u0000b',
    '\uD800',
    '=1+1',
    'line\r\nline',
    '模型/千问-四',
    '👩‍👩‍👧/🤖',
  ),
);

/** What the types allow, and what the limits of numbers are. */
const anyNumber = fc.oneof(
  { weight: 3, arbitrary: usual() },
  fc.nat(300_000),
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

const anyFigures: fc.Arbitrary<BudgetFigures> = fc.record({
  budget: fc.oneof({ weight: 4, arbitrary: fc.nat(131_072) }, { weight: 1, arbitrary: anyNumber }, fc.constant(null)),
  accuracy: anyNumber,
  accuracy_low: anyNumber,
  accuracy_high: anyNumber,
  difference: anyNumber,
  difference_low: anyNumber,
  difference_high: anyNumber,
  thinking_tokens: anyNumber,
  thinking_tokens_p95: anyNumber,
  closed_share: anyNumber,
  latency_ms: anyNumber,
  latency_ms_p95: anyNumber,
  saving: anyNumber,
});

export const anyResult: fc.Arbitrary<TuneResult> = fc
  .record(
    {
      tuning_id: anyText,
      model: anyText,
      cases: anyNumber,
      repeats: anyNumber,
      budgets: fc.array(anyFigures, { maxLength: 14 }),
      recommended: fc.option(fc.record({ budget: anyNumber, loss_points: anyNumber, saving: anyNumber })),
      cases_needed: anyNumber,
      tokens: fc.record({ generated: anyNumber, naive: anyNumber }),
      saved_as: anyText,
      warnings: fc.array(anyText, { maxLength: 3 }),
    },
    {
      requiredKeys: ['tuning_id', 'model', 'cases', 'repeats', 'budgets', 'recommended', 'tokens', 'warnings'],
    },
  )
  .chain((result) =>
    // often one of the budgets is the recommended one
    fc.nat(20).map((index) => {
      const budget = result.budgets[index]?.budget ?? null;
      return budget === null || result.recommended === null
        ? result
        : { ...result, recommended: { ...result.recommended, budget } };
    }),
  );

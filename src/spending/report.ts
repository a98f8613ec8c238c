/** Rows of use as a report: by day, model or tool, with money and savings. */
import { addLengths, unlimitedMean, type Lengths } from './lengths.ts';
import { costOf, type Prices } from './prices.ts';
import type { UseRow } from './spending.ts';
import { addUse, NO_USE, type Use } from './use.ts';

export type By = 'day' | 'model' | 'tool';

/**
 * Thinking tokens that budgets have saved, compared with unlimited thinking. `measured`: every call used a profile, whose
 * tuning has measured it. `estimated`: from runs whose thinking closed by itself (`lengths.ts`).
 */
export type Saving = {
  readonly kind: 'measured' | 'estimated';
  readonly tokens: number;
  /** of the thinking tokens without a budget, 0 to 1 */
  readonly share: number;
};

export type Line = {
  /** a day, a model, or a tool; empty: all together */
  readonly of: string;
  readonly use: Use;
  /** absent: no prices are set */
  readonly cost?: number;
  /** absent: no thinking closed by itself, so nothing is known of unlimited thinking */
  readonly saving?: Saving;
  /** calls a minute while the server was busy; absent: it never was */
  readonly callsPerMinute?: number;
  /** absent: no call */
  readonly meanMs?: number;
  /** of the calls, 0 to 1; absent: no call */
  readonly cutShare?: number;
};

export type Report = { readonly total: Line; readonly lines: readonly Line[] };

const MINUTE_MS = 60_000;

export function reportOf(rows: readonly UseRow[], by: By, prices: Prices): Report {
  const groups = new Map<string, UseRow[]>();
  for (const row of rows) groups.set(row[by], [...(groups.get(row[by]) ?? []), row]);
  const lines = [...groups].map(([of, some]) => lineOf(of, some, prices));
  // days in their order, the others by what they used
  const sorted = lines.toSorted((a, b) =>
    by === 'day' ? a.of.localeCompare(b.of) : b.use.thinkingTokens - a.use.thinkingTokens,
  );
  return { total: lineOf('', rows, prices), lines: sorted };
}

function lineOf(of: string, rows: readonly UseRow[], prices: Prices): Line {
  const use = rows.reduce((sum, row) => addUse(sum, row.use), NO_USE);
  const cost = costOf(use, prices);
  const saving = savingOf(rows);
  const { calls, cutCalls, busyMs, totalMs } = use;
  return {
    of,
    use,
    ...(cost !== undefined && { cost }),
    ...(saving !== undefined && { saving }),
    ...(busyMs > 0 && { callsPerMinute: (calls * MINUTE_MS) / busyMs }),
    ...(calls > 0 && { meanMs: totalMs / calls, cutShare: cutCalls / calls }),
  };
}

const NO_LENGTHS: Lengths = new Map();

/** Each model and tool is estimated by itself, because their lengths differ. */
function savingOf(rows: readonly UseRow[]): Saving | undefined {
  const kinds = new Map<string, UseRow[]>();
  for (const row of rows) {
    const kind = JSON.stringify([row.model, row.tool]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), row]);
  }
  let [unlimited, thought, isMeasured] = [0, 0, true];
  for (const some of kinds.values()) {
    const lengths = some.reduce((sum, row) => addLengths(sum, row.lengths), NO_LENGTHS);
    const mean = unlimitedMean(lengths);
    const use = some.reduce((sum, row) => addUse(sum, row.use), NO_USE);
    const others = use.calls - use.failedCalls - use.profileCalls;
    if (others > 0 && mean === undefined) continue;
    isMeasured &&= others === 0;
    unlimited += (mean ?? 0) * others + use.profileThinkingTokens + use.profileSavedTokens;
    thought += use.thinkingTokens;
  }
  if (unlimited === 0) return undefined;
  const tokens = Math.max(0, unlimited - thought);
  return { kind: isMeasured ? 'measured' : 'estimated', tokens: Math.round(tokens), share: tokens / unlimited };
}

/** A month of generated tokens as it would be without budgets, and as it is with them. */
export type Projection = {
  readonly without: { readonly tokens: number; readonly cost: number };
  readonly with: { readonly tokens: number; readonly cost: number };
};

/**
 * `tokens`: thinking and answers of a month without budgets. The mix of thinking and answers, the saving and the price of a
 * token are those of the report. undefined: no prices are set, or nothing is known of unlimited thinking.
 */
export function project({ use, cost, saving }: Line, tokens: number): Projection | undefined {
  if (cost === undefined || saving === undefined) return undefined;
  const generated = use.thinkingTokens + use.otherTokens + use.answerTokens;
  const unlimited = generated + saving.tokens;
  const left = (tokens * generated) / unlimited;
  const price = cost / generated;
  return { without: { tokens, cost: tokens * price }, with: { tokens: left, cost: left * price } };
}

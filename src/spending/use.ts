/** What runs used: sums that can be added up by day, model and tool. Tokens are counts; times are milliseconds. */

export type Use = {
  readonly calls: number;
  /** without an answer */
  readonly failedCalls: number;
  /** whose thinking was cut by the budget or by time */
  readonly cutCalls: number;
  readonly promptTokens: number;
  readonly thinkingTokens: number;
  /** generated beside thinking and answer: markers, and what came after a cut */
  readonly otherTokens: number;
  readonly answerTokens: number;
  /** from the call to its result */
  readonly totalMs: number;
  /** during which the server generated; runs at the same time share it */
  readonly busyMs: number;
  /** calls whose budget is that of a profile, their thinking, and what it saved, as its tuning measured */
  readonly profileCalls: number;
  readonly profileThinkingTokens: number;
  readonly profileSavedTokens: number;
};

export const NO_USE: Use = {
  calls: 0,
  failedCalls: 0,
  cutCalls: 0,
  promptTokens: 0,
  thinkingTokens: 0,
  otherTokens: 0,
  answerTokens: 0,
  totalMs: 0,
  busyMs: 0,
  profileCalls: 0,
  profileThinkingTokens: 0,
  profileSavedTokens: 0,
};

export const USE_FIELDS = Object.keys(NO_USE) as readonly (keyof Use)[];

export function addUse(a: Use, b: Use): Use {
  return Object.fromEntries(USE_FIELDS.map((field) => [field, a[field] + b[field]])) as Use;
}

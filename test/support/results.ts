/**
 * Results against the contract's own list of fields (design, "Results, word for word"), written down here a second
 * time on purpose: the schemas of the code under test are not asked what is right.
 */
import { expect } from 'vitest';
import { batchResultSchema, runResultSchema } from '../../src/report/schema.ts';
import type { BatchResult } from '../../src/report/batch.ts';
import type { RunResult } from '../../src/report/result.ts';
import type { CallResult } from './connect.ts';

const RUN_FIELDS = [
  'answer',
  'run_id',
  'model',
  'thinking.budget',
  'thinking.tokens',
  'thinking.ended_by',
  'thinking.mechanism',
  'thinking.honored',
  'thinking.counted_by',
  'thinking.overhead_tokens',
  'answer_tokens',
  'answer_ended_by',
  'usage.prompt_tokens',
  'usage.received_tokens',
  'usage.requests',
  'timing.first_token_ms',
  'timing.first_answer_token_ms',
  'timing.total_ms',
  'timing.planned_thinking_tokens',
  'timing.tokens_per_second',
  'warnings',
];

const BATCH_FIELDS = [
  'results',
  'remaining',
  'totals.items',
  'totals.failed',
  'totals.thinking_tokens',
  'totals.answer_tokens',
  'totals.total_ms',
  'warnings',
];

/** Text and structured content together. */
export const MOST_CHARACTERS = 40_000;

const NUMBERS_OF_RUN =
  /\n\n\[thinking \d+ of \d+ tokens \(ended by \w+\), answer \d+ tokens( \(cut by \w+\))?, [\d.]+ s, [^\n]+\]$/;

const NUMBERS_OF_BATCH =
  /\n\n\[\d+ of \d+ items, \d+ failed(, \d+ without a turn)?, thinking \d+ tokens, answers \d+ tokens, [\d.]+ s\]$/;

type ResultOptions = {
  readonly reasoning?: boolean;
  readonly honored?: boolean;
  /** nobody could see it think in time: it may be more than the budget */
  readonly unseen?: boolean;
};

/** A run's result, after everything that holds for any run was checked. */
export function runResult(
  result: CallResult,
  { reasoning = false, honored = true, unseen = false }: ResultOptions = {},
): RunResult {
  expect(result).toMatchObject({ isError: false, parts: 2 });
  const run = runResultSchema.parse(result.structured) as RunResult;
  const others = [
    ...(reasoning ? ['reasoning'] : []),
    ...(run.usage.reused_tokens === undefined ? [] : ['usage.reused_tokens']),
    ...(run.usage.cost === undefined ? [] : ['usage.cost']),
    ...(run.timing.deadline_ms === undefined ? [] : ['timing.deadline_ms']),
  ];
  expect(pathsOf(run).toSorted()).toEqual([...RUN_FIELDS, ...others].toSorted());
  expect(run.timing.planned_thinking_tokens).toBeLessThanOrEqual(run.thinking.budget);
  expect(run.answer).not.toBe('');
  expect(run.answer).toBe(run.answer.trim());
  expect(result.link).toBe(`thinkmeter://runs/${run.run_id}`);
  expect(result.text.startsWith(run.answer)).toBe(true);
  expect(result.text).toMatch(NUMBERS_OF_RUN);
  expect(sizeOf(result)).toBeLessThanOrEqual(MOST_CHARACTERS);

  const { thinking, usage, timing } = run;
  if (!unseen) expect(thinking.tokens).toBeLessThanOrEqual(thinking.budget);
  expect(thinking.honored).toBe(honored);
  expect(usage.received_tokens).toBeGreaterThanOrEqual(thinking.tokens + run.answer_tokens);
  expect(timing.first_answer_token_ms).toBeGreaterThanOrEqual(timing.first_token_ms);
  expect(timing.total_ms).toBeGreaterThanOrEqual(timing.first_answer_token_ms);
  return run;
}

/** A batch's result, after everything that holds for any batch was checked. */
export function batchResult(result: CallResult): BatchResult {
  expect(result).toMatchObject({ isError: false, parts: 2 });
  const batch = batchResultSchema.parse(result.structured) as BatchResult;
  expect(Object.keys(flat({ ...batch, results: [] })).toSorted()).toEqual(BATCH_FIELDS.toSorted());
  for (const item of batch.results) {
    const fields = item.error === undefined ? ['answer', 'ended_by', 'index', 'thinking_tokens'] : ['error', 'index'];
    expect(Object.keys(item).toSorted()).toEqual(fields);
  }
  const indexes = batch.results.map(({ index }) => index);
  expect(indexes, 'in item order').toEqual(indexes.toSorted((a, b) => a - b));
  expect(result.link).toMatch(/^thinkmeter:\/\/runs\//);
  if (batch.results.length > 0) expect(result.text).toMatch(/^\[\d+\] /);
  expect(result.text).toMatch(NUMBERS_OF_BATCH);
  expect(sizeOf(result)).toBeLessThanOrEqual(MOST_CHARACTERS);
  return batch;
}

/** An error's text, after everything that holds for any error was checked: one sentence, no stack. */
export function errorSentence(result: CallResult): string {
  expect(result).toMatchObject({ isError: true, parts: 1, structured: undefined });
  expect(result.text).not.toContain('\n');
  expect(result.text).not.toMatch(/node_modules|\.[jt]s:\d+:\d+/);
  // what happened, and what to do; the code is for programs
  expect(result.text).toMatch(/^\S.*\. \S.*\.$/);
  expect(result.code).toMatch(/^[A-Z_]+$/);
  expect(result.text.length).toBeLessThan(600);
  return result.text;
}

export function sizeOf({ text, structured }: Pick<CallResult, 'text' | 'structured'>): number {
  return text.length + JSON.stringify(structured ?? null).length;
}

/** The field names of a value, those inside objects as `a.b`; lists are values. */
export function pathsOf(value: object): string[] {
  return Object.keys(flat(value));
}

function flat(value: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.entries(flat(inner, `${prefix}${name}.`))
        : [[prefix + name, inner]],
    ),
  );
}

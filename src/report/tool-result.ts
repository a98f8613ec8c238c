/** Results as tools return them: never more than a client takes, and the whole of it behind a resource link. */
import type { Outcome } from '../budget/outcome.ts';
import { runUri } from '../runs.ts';
import type { BatchItem, BatchResult } from './batch.ts';
import { toRunResult } from './result.ts';
import { batchText, runText, shortened } from './text.ts';

export type ToolResult = {
  /** begins with the answer, ends with a line of numbers */
  readonly text: string;
  /** exactly the fields of the tool's output schema */
  readonly structured: Readonly<Record<string, unknown>>;
  /** where the whole of it can be read */
  readonly runId: string;
};

/** Characters of text and structured content together; clients cut or refuse more. */
export const MOST_CHARACTERS = 40_000;

/** An answer stands in both. What it leaves belongs to the reasoning. */
const MOST_ANSWER = 16_000;

export function runToolResult(outcome: Outcome, withReasoning: boolean): ToolResult {
  const whole = runUri(outcome.runId);
  const full = toRunResult(outcome);
  const result = { ...full, answer: shortened(full.answer, MOST_ANSWER, whole) };
  const text = runText(result);
  const room = MOST_CHARACTERS - size(text, result);
  const reasoning = withReasoning ? { reasoning: fitted(outcome.reasoning, room, whole) } : {};
  return { text, structured: { ...result, ...reasoning }, runId: outcome.runId };
}

/** Reasoning that takes at most so much room as JSON, where line ends and quotes take two characters. */
function fitted(reasoning: string, room: number, whole: string): string {
  const escaped = JSON.stringify(reasoning).length;
  const fits = escaped <= room ? reasoning.length : Math.floor((reasoning.length * Math.max(0, room - 100)) / escaped);
  return shortened(reasoning, fits, whole);
}

/** Answers of a batch are shortened first, to this at least; then the list ends earlier. */
const SHORTEST = 80;

export function batchToolResult(batch: BatchResult, runId: string): ToolResult {
  const whole = runUri(runId);
  for (const most of [Infinity, 1000, 300, SHORTEST]) {
    const short = { ...batch, results: batch.results.map((item) => shortItem(item, most, whole)) };
    const result = most === Infinity ? short : noted(short, `long answers were cut; ${whole} has them whole`);
    const text = batchText(result);
    if (size(text, result) <= MOST_CHARACTERS) return { text, structured: result, runId };
  }
  // a result's share of text and JSON is at most this, so that so many fit
  const perResult = 2 * SHORTEST + 150;
  const shown = Math.floor((MOST_CHARACTERS - 3000 - 6 * batch.remaining.length) / perResult);
  const results = batch.results.slice(0, shown).map((item) => shortItem(item, SHORTEST, ''));
  const result = noted(
    { ...batch, results },
    `the first ${shown} of ${batch.results.length} results, cut short; ${whole} has them all, whole`,
  );
  return { text: batchText(result), structured: result, runId };
}

function shortItem(item: BatchItem, most: number, whole: string): BatchItem {
  if (item.answer === undefined)
    return item.error === undefined ? item : { ...item, error: shortened(item.error, most, whole) };
  return { ...item, answer: shortened(item.answer, most, whole) };
}

function noted(batch: BatchResult, warning: string): BatchResult {
  return { ...batch, warnings: [...batch.warnings, warning] };
}

function size(text: string, structured: object): number {
  return text.length + JSON.stringify(structured).length;
}

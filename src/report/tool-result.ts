/** Results as tools return them: never more than a client takes, and the whole of it behind a resource link. */
import type { Outcome } from '../budget/outcome.ts';
import type { BatchItem, BatchResult } from './batch.ts';
import { toRunResult } from './result.ts';
import { runUri } from './uri.ts';
import { batchText, runText, shortened } from './text.ts';

export type ToolResult = {
  /** begins with the answer, ends with a line of numbers */
  readonly text: string;
  /** exactly the fields of the tool's output schema */
  readonly structured: Readonly<Record<string, unknown>>;
  /** where the whole of it can be read, if there is more */
  readonly runId?: string;
};

/** Characters of text and structured content together; clients cut or refuse more. */
export const MOST_CHARACTERS = 40_000;

/** Of an answer, which stands in both; line ends and quotes count as they are written in JSON. What it leaves belongs to the reasoning. */
const MOST_OF_ANSWER = 32_000;

export function runToolResult(outcome: Outcome, withReasoning: boolean): ToolResult {
  const whole = runUri(outcome.runId);
  const full = toRunResult(outcome);
  const result = { ...full, answer: fitted(full.answer, MOST_OF_ANSWER, whole, (text) => text.length + written(text)) };
  const text = runText(result);
  const room = MOST_CHARACTERS - size(text, result) - '"reasoning":"",'.length;
  const reasoning = withReasoning ? { reasoning: fitted(outcome.reasoning, room, whole, written) } : {};
  return { text, structured: { ...result, ...reasoning }, runId: outcome.runId };
}

/** As JSON, without the quotes around it. */
function written(text: string): number {
  return JSON.stringify(text).length - 2;
}

/** The longest beginning of a text that takes at most so much room. */
function fitted(text: string, room: number, whole: string, cost: (text: string) => number): string {
  return shortened(
    text,
    largest(text.length, (most) => cost(shortened(text, most, whole)) <= room),
    whole,
  );
}

/** The largest number up to a limit that fits, where every smaller one does. */
function largest(limit: number, isLittle: (count: number) => boolean): number {
  if (isLittle(limit)) return limit;
  let [most, tooMany] = [0, limit];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    if (isLittle(middle)) most = middle;
    else tooMany = middle;
  }
  return most;
}

/** Answers of a batch are shortened first, to this at least; then the list ends earlier. */
const SHORTEST = 80;

export function batchToolResult(full: BatchResult, runId: string): ToolResult {
  const whole = runUri(runId);
  const batch = { ...full, warnings: fewWarnings(full.warnings) };
  for (const most of [Infinity, 1000, 300, SHORTEST]) {
    const short = { ...batch, results: batch.results.map((item) => shortItem(item, most, whole)) };
    const result = most === Infinity ? short : noted(short, `long answers were cut; ${whole} has them whole`);
    if (fits(result)) return { text: batchText(result), structured: result, runId };
  }
  const first = (shown: number): BatchResult => {
    const results = batch.results.slice(0, shown).map((item) => shortItem(item, SHORTEST, ''));
    const note = `the first ${shown} of ${batch.results.length} results, cut short; ${whole} has them all, whole`;
    return noted({ ...batch, results }, note);
  };
  const result = first(largest(batch.results.length, (shown) => fits(first(shown))));
  return { text: batchText(result), structured: result, runId };
}

function fits(result: BatchResult): boolean {
  return size(batchText(result), result) <= MOST_CHARACTERS;
}

/** Items may each have a warning of their own, such as the numbers to which its budget was lowered. */
const MOST_WARNINGS = 10;

function fewWarnings(warnings: readonly string[]): string[] {
  const more = warnings.length - MOST_WARNINGS;
  return more <= 0 ? [...warnings] : [...warnings.slice(0, MOST_WARNINGS), `and ${more} warnings more of this kind`];
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

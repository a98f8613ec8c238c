/** The results that tools return: limited to the size that clients accept, with a link to the full record. */
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
  /** the id of the full record, if there is one */
  readonly runId?: string;
  /** the id of a tuning, whose record is another one */
  readonly tuningId?: string;
  /** a picture for people */
  readonly png?: Uint8Array;
};

/** Limit on the characters of text and structured content together; clients cut or refuse longer results. */
export const MOST_CHARACTERS = 40_000;

/** Limit on the answer, which both parts contain; JSON escapes count. The reasoning gets the remaining characters. */
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

/** Length in JSON, without the quotes around the text. */
function written(text: string): number {
  return JSON.stringify(text).length - 2;
}

/** The longest beginning of a text whose cost is at most `room`. */
function fitted(text: string, room: number, whole: string, cost: (text: string) => number): string {
  return shortened(
    text,
    largest(text.length, (most) => cost(shortened(text, most, whole)) <= room),
    whole,
  );
}

/** The largest number up to `limit` that fits. Binary search: if a number fits, every smaller one must fit. */
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

/** Long answers of a batch are shortened first, but not below this length; then the list is cut. */
const SHORTEST = 80;

export function batchToolResult(full: BatchResult, runId: string): ToolResult {
  const whole = runUri(runId);
  const batch = { ...full, warnings: fewWarnings(full.warnings) };
  for (const most of [Infinity, 1000, 300, SHORTEST]) {
    const short = { ...batch, results: batch.results.map((item) => shortItem(item, most, whole)) };
    const result =
      most === Infinity ? short : noted(short, `long answers were shortened; the full answers are at ${whole}`);
    if (fits(result)) return { text: batchText(result), structured: result, runId };
  }
  const first = (shown: number): BatchResult => {
    const results = batch.results.slice(0, shown).map((item) => shortItem(item, SHORTEST, ''));
    const note = `only the first ${shown} of ${batch.results.length} results fit, shortened; all results are at ${whole}`;
    return noted({ ...batch, results }, note);
  };
  const result = first(largest(batch.results.length, (shown) => fits(first(shown))));
  return { text: batchText(result), structured: result, runId };
}

function fits(result: BatchResult): boolean {
  return size(batchText(result), result) <= MOST_CHARACTERS;
}

/** Every item may have its own warning, such as the number to which its budget was lowered. */
const MOST_WARNINGS = 10;

function fewWarnings(warnings: readonly string[]): string[] {
  const more = warnings.length - MOST_WARNINGS;
  const note = more === 1 ? '1 more warning was left out' : `${more} more warnings were left out`;
  return more <= 0 ? [...warnings] : [...warnings.slice(0, MOST_WARNINGS), note];
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

/** Results as text: the answer first, the numbers in one line at the end. */
import type { BatchResult } from './batch.ts';
import { costText } from '../spending/prices.ts';
import type { RunResult } from './result.ts';

export function runText(result: RunResult): string {
  const warnings = result.warnings.map((warning) => `note: ${warning}`);
  return [result.answer, ...warnings, numbersLine(result)].join('\n\n');
}

export function numbersLine({ thinking, answer_tokens, answer_ended_by, usage, timing, model }: RunResult): string {
  const thought = `thinking ${thinking.tokens} of ${thinking.budget} tokens (ended by ${thinking.ended_by})`;
  const cut = answer_ended_by === 'stop' ? '' : ` (cut by ${answer_ended_by})`;
  return `[${thought}, answer ${answer_tokens} tokens${cut}, ${seconds(timing.total_ms)}${cost(usage.cost)}, ${model}]`;
}

export function batchText({ results, remaining, totals, warnings }: BatchResult): string {
  // one line per item: a line end inside an answer could look like the next item
  const lines = results.map(
    ({ index, answer, error = '' }) => `[${index}] ${answer?.replaceAll(/\s*\n\s*/g, ' ') ?? `error: ${error}`}`,
  );
  const notes = warnings.map((warning) => `note: ${warning}`);
  const left = remaining.length === 0 ? '' : `, ${remaining.length} without a turn`;
  const sums = `[${totals.items - remaining.length} of ${totals.items} items, ${totals.failed} failed${left}, thinking ${totals.thinking_tokens} tokens, answers ${totals.answer_tokens} tokens, ${seconds(totals.total_ms)}${cost(totals.cost)}]`;
  return [lines.join('\n'), ...notes, sums].join('\n\n');
}

/** A text of at most `most` characters. If the text is cut, it ends with the address of the full record. */
export function shortened(text: string, most: number, whole: string): string {
  if (text.length <= most) return text;
  const note = whole === '' || whole.length + 20 > most ? '…' : `… (full text: ${whole})`;
  // the cut must not leave half of a surrogate pair
  return text.slice(0, Math.max(0, most - note.length)).replace(/[\uD800-\uDBFF]$/, '') + note;
}

function cost(of: number | undefined): string {
  return of === undefined ? '' : `, cost ${costText(of)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

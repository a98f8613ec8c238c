/** A tuning as a tool's result: a picture, the recommendation in words, and all numbers. */
import { toPng } from '../tuning/picture/png.ts';
import { toTerminal } from '../tuning/picture/terminal.ts';
import { verdict } from '../tuning/picture/words.ts';
import type { TuneResult } from '../tuning/values.ts';
import type { ToolResult } from './tool-result.ts';

/** Columns of a table in a chat. */
const WIDTH = 100;

export async function tuneToolResult(result: TuneResult, signal: AbortSignal): Promise<ToolResult> {
  const notes = result.warnings.map((warning) => `note: ${warning}`);
  const table = ['```', ...toTerminal(result, { width: WIDTH, color: false }), '```'].join('\n');
  const { generated, naive } = result.tokens;
  const saved = `[${result.cases} cases, ${generated} tokens generated; budget by budget it would have been ${naive}]`;
  return {
    text: [`${verdict(result)}.`, table, ...notes, saved].join('\n\n'),
    structured: { ...result },
    tuningId: result.tuning_id,
    // a picture that cannot be drawn does not cost the numbers
    ...(await toPng(result, signal).then(
      (png) => ({ png }),
      () => ({}),
    )),
  };
}

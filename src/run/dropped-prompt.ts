/** Finds out that a server has read only a part of the prompt: its own count is far below ours. */
import type { Facts } from '../engine/engine.ts';
import type { Request } from '../stream/requests.ts';

/** No estimate is wrong by this factor: the worst measured one was four times too high (http/estimate.ts). */
const FAR = 5;
/** Shorter prompts fit every window. */
const LEAST_PROMPT = 1000;
/** A server that drops text reads a window, or the half of one, and a few tokens more (ollama/ollama#17427). */
const NEAR = 4;
/** Above this ratio, a count that is also exactly a limit is no coincidence. */
const ABOVE = 1.5;

/** At most one warning, with both numbers. */
export function droppedPromptWarnings(
  { window, dropsLongPrompts }: Pick<Facts, 'window' | 'dropsLongPrompts'>,
  requests: readonly Request[],
): string[] {
  for (const { from, reading } of requests) {
    const read = reading.usage?.promptTokens;
    const { promptTokens: sent, exact } = from;
    if (read === undefined || read === 0 || sent < LEAST_PROMPT) continue;
    const isAtLimit = dropsLongPrompts !== undefined && sent > read * ABOVE && isLimit(read, window);
    if (read * FAR >= sent && !isAtLimit) continue;
    const fix = dropsLongPrompts ?? 'check the context length that the server was started with, and shorten the text';
    return [
      `the server has read ${read} prompt tokens of ${exact ? '' : 'about '}${sent}, so a part of the text is missing: ${fix}`,
    ];
  }
  return [];
}

function isLimit(read: number, window: number): boolean {
  const power = 2 ** Math.round(Math.log2(read));
  return [window, window / 2, power].some((limit) => Math.abs(read - limit) <= NEAR);
}

/** Ready-made models. */
import type { Script, ScriptPrompt } from './generation.ts';
import { readRecordings, recordedAnswers, recordedIds } from './recordings.ts';

const opening = '<think>';
const ending = '</think>';

/** The prompt leaves the thinking open: the last `<think>` comes after the last `</think>`. */
export function thinkingIsOpen({ text }: Pick<ScriptPrompt, 'text'>): boolean {
  return text.lastIndexOf(opening) > text.lastIndexOf(ending);
}

/**
 * Thinks this, then answers that; with the thinking closed in the prompt it only answers. A prompt that ends in a part
 * of what it would write is continued from there, so a client that picks up a lost stream gets the rest.
 */
export function thinks(thinking: string, answer: string): Script {
  return (prompt) => {
    if (!thinkingIsOpen(prompt)) return rest(answer, after(prompt.text, ending));
    return rest(thinking + prompt.closer + answer, after(prompt.text, opening));
  };
}

/** Thinks for ever; answers when the thinking is closed for it. */
/** The same text whether it was interrupted or not: what comes next follows from what the prompt ends with. */
export function writes(whole: string): Script {
  return ({ text }) => {
    const begun = text.slice(text.lastIndexOf('<think>\n') + '<think>\n'.length);
    return whole.startsWith(begun) ? whole.slice(begun.length) : 'The answer is 42.';
  };
}

export function neverStopsThinking(line = 'Let me check that once more.\n', answer = 'The answer is 42.'): Script {
  return (prompt) => (thinkingIsOpen(prompt) ? forEver(line) : rest(answer, after(prompt.text, ending)));
}

/**
 * Continues a recorded prompt, or a recorded prompt with the beginning of its completion, as the real model did (it was
 * greedy). Any other prompt is an error: a 500.
 */
export function recorded(directory: string): Script {
  const recordings = readRecordings(directory);
  const sequences = recordings
    .flatMap((exchange) => recordedIds(exchange) ?? [])
    .map(({ promptIds, ids }) => ({ shortest: promptIds.length, whole: [...promptIds, ...ids] }))
    // some were cut short by a limit or a stop: the longest tells the most
    .toSorted((a, b) => b.whole.length - a.whole.length);
  const answers = recordedAnswers(recordings);
  return ({ ids }) => {
    const isBeginningOf = (whole: readonly number[]): boolean => ids.every((id, index) => id === whole[index]);
    const found = sequences.find(({ shortest, whole }) => ids.length >= shortest && isBeginningOf(whole));
    if (found !== undefined) return found.whole.slice(ids.length);
    const answer = answers.find(({ promptIds }) => promptIds.length === ids.length && isBeginningOf(promptIds));
    if (answer !== undefined) return answer.text;
    throw new Error(`no recorded completion begins with this prompt of ${ids.length} tokens`);
  };
}

function after(text: string, marker: string): string {
  const found = text.lastIndexOf(marker);
  return found < 0 ? '' : text.slice(found + marker.length).trimStart();
}

function rest(whole: string, written: string): string {
  return whole.startsWith(written) ? whole.slice(written.length) : whole;
}

function* forEver(line: string): Generator<string> {
  for (;;) yield line;
}

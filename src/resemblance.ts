/**
 * Whether the name of an unknown argument means a field: another name for it, or its name misspelt.
 *
 * Clients add arguments of their own (`task_progress`, `toolCallId`), so a wrong "yes" makes a tool unusable in that
 * client, and a wrong "no" ignores what a caller meant. Names are compared without letter case and separators. A name
 * resembles a field if
 * - it is equal (`thinkingBudget`, `include-reasoning`), or
 * - it contains all words of a field that has several (`thinking_token_budget`), or
 * - it differs from a field of 8 or more characters by at most two edits (`thinkng_budget`, `max_second`), or
 * - it differs from a shorter field by one character more, one less, or two exchanged (`item`, `contxt`). Another
 *   character in a short name makes another word: `content` is not `context`.
 * An edit inserts, deletes or replaces a character, or exchanges two neighbours.
 *
 * Names for the same limits in other APIs mean the field: without it, a call would cost more than its caller allowed.
 */
import { editDistance } from './edit-distance.ts';

/** Names in the APIs of OpenAI, Anthropic, Google, Hugging Face and vLLM, without letter case and separators. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  thinking_budget: ['budget', 'budgettokens', 'tokenbudget', 'reasoningbudget', 'reasoningtokens', 'maxthinkingtokens'],
  answer_tokens: ['maxtokens', 'maxoutputtokens', 'maxcompletiontokens', 'maxnewtokens', 'maxanswertokens'],
  max_seconds: ['timeout', 'timeoutseconds', 'timeouts', 'timelimit', 'deadline', 'maxtime'],
  complexity: ['effort', 'reasoningeffort', 'thinkinglevel'],
};

const LONG_NAME = 8;
/** A longer name is no misspelling, and is not compared. */
const LONGEST_NAME = 64;

/** The field that a name resembles most, if it resembles one. */
export function resembledField(name: string, fields: readonly string[]): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  const near = fields.filter((field) => resembles(name, field));
  const distance = (field: string): number => editDistance(letters(name), letters(field), { exchanges: true });
  return near.toSorted((a, b) => distance(a) - distance(b))[0];
}

function resembles(name: string, field: string): boolean {
  const [given, known] = [letters(name), letters(field)];
  if (given === known || OTHER_NAMES[field]?.includes(given) === true) return true;
  const [parts, wanted] = [words(name), words(field)];
  if (wanted.length > 1 && wanted.every((word) => parts.includes(word))) return true;
  const edits = editDistance(given, known, { exchanges: true });
  if (known.length >= LONG_NAME) return edits <= 2;
  const exchanged = given.length === known.length && sorted(given) === sorted(known);
  return edits === 1 && (given.length !== known.length || exchanged);
}

function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

function words(name: string): string[] {
  const separated = name.replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2').toLowerCase();
  return separated.split(/[^\p{L}\p{N}]+/u);
}

function sorted(text: string): string {
  return Array.from(text).toSorted().join('');
}

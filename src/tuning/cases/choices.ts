/**
 * The choices of a multiple-choice question, as the public data sets have them: a list; `{ text: [], label: [] }` (ARC);
 * a list of `{ text, label }`; an object from letters to texts; columns `A`, `B`, `C` (MMLU) or `choice_a`, `option_a`.
 * In a CSV, a list or an object is a JSON text.
 */
import { normalised } from '../match/normalised.ts';
import { parsedJson } from '../match/json-values.ts';
import { COLUMNS, filledColumn, isBlank, isObject, scalarText, type Fields } from './row.ts';

export type Choices = { readonly texts: readonly string[]; readonly labels?: readonly string[] };

const LETTERS = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(65 + index));
/** Columns that are only letters are choices from this many on: `a` and `b` may be anything. */
const LEAST_LETTERS = 3;

/** Absent: the row has no choices. A text: what is wrong with them. */
export function choicesOf(fields: Fields): Choices | string | undefined {
  const name = filledColumn(fields, COLUMNS.choices);
  if (name === undefined) return letteredColumns(fields);
  const value = fields.get(name);
  const choices = fromValue(typeof value === 'string' ? parsedJson(value)?.value : value);
  if (choices === undefined) return `has ${name} that are no list of texts`;
  if (choices.texts.length < 2 || choices.texts.length > LETTERS.length) {
    return `has ${name} that are not 2 to ${LETTERS.length}, but ${choices.texts.length}`;
  }
  return choices;
}

function fromValue(value: unknown): Choices | undefined {
  if (Array.isArray(value) && value.every((item) => isObject(item))) {
    return labelled(
      value.map((item) => item['text']),
      value.map((item) => item['label']),
    );
  }
  if (Array.isArray(value)) return labelled(value, undefined);
  if (!isObject(value)) return undefined;
  const { text, label } = value;
  if (Array.isArray(text) && (label === undefined || Array.isArray(label))) return labelled(text, label);
  return labelled(Object.values(value), Object.keys(value));
}

function labelled(items: readonly unknown[], marks: readonly unknown[] | undefined): Choices | undefined {
  const texts = items.map((item) => scalarText(item)).filter((text) => text !== undefined);
  if (texts.length !== items.length) return undefined;
  const labels = marks?.map((mark) => scalarText(mark)).filter((label) => label !== undefined);
  if (labels === undefined || labels.length === 0) return { texts: withoutLetters(texts) };
  return labels.length === texts.length ? { texts, labels } : undefined;
}

/** AQuA-RAT writes `A)21`, `B)21.5`. */
function withoutLetters(texts: readonly string[]): readonly string[] {
  const isLettered = texts.every(
    (text, index) => /^\(?[A-Z][).:]/.test(text) && text.replace('(', '').charAt(0) === LETTERS[index],
  );
  return isLettered ? texts.map((text) => text.replace(/^\(?[A-Z][).:]\s*/, '')) : texts;
}

/** Names of the columns of choices, by what stands before the letter. */
const LETTERED = ['', 'choice_', 'option_', 'choice ', 'option ', 'choice', 'option'].map((prefix) => ({
  names: LETTERS.map((letter) => `${prefix}${letter.toLowerCase()}`),
  least: prefix === '' ? LEAST_LETTERS : 2,
}));

function letteredColumns(fields: Fields): Choices | undefined {
  for (const { names, least } of LETTERED) {
    const end = names.findIndex((name) => isBlank(fields.get(name)));
    const texts = names.slice(0, end === -1 ? names.length : end).map((name) => fields.get(name));
    if (texts.length >= least) return labelled(texts, undefined);
  }
  return undefined;
}

/** The question, and its choices as lines `A) …`. */
export function withChoices(question: string, { texts }: Choices): string {
  return `${question}\n\n${texts.map((text, index) => `${LETTERS[index]}) ${text}`).join('\n')}`;
}

/**
 * The letter of the right choice, from a label of the data set, a letter, an index from 0, or the text of the choice, in
 * this order. `isDoubtful`: it was read as an index, and is the text of another choice as well.
 */
export function rightChoice(
  expected: string,
  { texts, labels = [] }: Choices,
): { readonly letter: string; readonly isDoubtful: boolean } | undefined {
  const wanted = expected.trim();
  const letters = LETTERS.slice(0, texts.length);
  const byLabel = labels.findIndex((label) => label.trim().toUpperCase() === wanted.toUpperCase());
  const [, letter = ''] = /^\(?([A-Za-z])[).:]?$/.exec(wanted) ?? [];
  const byLetter = letters.indexOf(letter.toUpperCase());
  const byIndex = /^\d{1,2}$/.test(wanted) && Number(wanted) < texts.length ? Number(wanted) : -1;
  const byText = texts.findIndex((text) => normalised(text) === normalised(wanted));
  const place = [byLabel, byLetter, byIndex, byText].find((index) => index !== -1);
  const found = place === undefined ? undefined : LETTERS[place];
  return found === undefined
    ? undefined
    : { letter: found, isDoubtful: place === byIndex && byLabel === -1 && byText !== -1 && byText !== byIndex };
}

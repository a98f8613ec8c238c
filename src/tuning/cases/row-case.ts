/** One row as a case: how the columns of the public data sets are understood. */
import { clipped } from '../../clipped.ts';
import { boxedFromLast } from '../match/boxed.ts';
import { parsedJson } from '../match/json-values.ts';
import type { Case, Match } from '../values.ts';
import { choicesOf, rightChoice, withChoices, type Choices } from './choices.ts';
import { toConversation, type Conversation } from './conversation.ts';
import { columnOf, COLUMNS, filledColumn, isBlank, isObject, scalarText, toFields, type Fields } from './row.ts';

export type RowCase = {
  readonly case: Case;
  /** how the data set means its answers to be compared; absent: unknown */
  readonly match?: Match;
  /** the right choice was read as an index, and is the text of another choice as well */
  readonly isDoubtful?: boolean;
};

type Expected = { readonly text: string; readonly match?: Match };

/** A text: what is wrong with the row. */
export function toRowCase(value: unknown): RowCase | string {
  if (!isObject(value)) return `is not an object with fields: ${clipped(JSON.stringify(value) ?? 'nothing', 60)}`;
  const fields = toFields(value);
  const asked = askedIn(fields);
  if (typeof asked === 'string') return asked === NO_QUESTION ? `${asked} ${fieldsOf(value)}` : asked;
  const expected = expectedIn(fields, asked);
  if (expected === undefined) return `has no expected answer ${fieldsOf(value)}`;
  if (typeof expected === 'string') return expected;
  const choices = choicesOf(fields);
  if (typeof choices === 'string') return choices;
  if (choices !== undefined) return chosen(asked, expected, choices);
  const { text, match } = expected;
  return { case: toCase(asked, asked.question, text), ...(match !== undefined && { match }) };
}

const NO_QUESTION = 'has no question';

function askedIn(fields: Fields): Conversation | string {
  const column = filledColumn(fields, [...COLUMNS.messages, ...COLUMNS.question]);
  if (column === undefined) return NO_QUESTION;
  const value = fields.get(column);
  const list = Array.isArray(value) || column !== 'messages' ? value : parsedJson(String(value))?.value;
  const contextColumn = filledColumn(fields, COLUMNS.context);
  const context = contextColumn === undefined ? undefined : scalarText(fields.get(contextColumn));
  if (contextColumn !== undefined && context === undefined) return `has a ${contextColumn} that is not a text`;
  if (Array.isArray(list) || column === 'messages') {
    const conversation = toConversation(list);
    if (typeof conversation === 'string' || context === undefined) return conversation;
    return { ...conversation, context: [context, conversation.context ?? ''].join('\n\n').trim() };
  }
  // Alpaca: the input is what the instruction is about
  if (column === 'input' && !isBlank(fields.get('instruction'))) {
    const [question, input] = ['instruction', 'input'].map((name) => scalarText(fields.get(name)));
    if (question !== undefined && input !== undefined) {
      return { question, context: context === undefined ? input : `${context}\n\n${input}` };
    }
  }
  const question = scalarText(value);
  if (question === undefined) return `has a ${column} that is not a text`;
  return { question, ...(context !== undefined && { context }) };
}

/** A text: what is wrong with it. `undefined`: there is none. */
function expectedIn(fields: Fields, { answer }: Conversation): Expected | string | undefined {
  const column = columnOf(fields, COLUMNS.expected);
  if (column === undefined) return isBlank(answer) ? undefined : finalOf(answer ?? '');
  const value = fields.get(column);
  if (value === null) return `has ${column}: null, which is no answer`;
  if (isBlank(value)) return undefined;
  if (typeof value === 'object') return { text: JSON.stringify(value), match: 'json' };
  const text = scalarText(value);
  if (text === undefined) return `has a number as ${column} whose last digits JSON has lost: write it as text`;
  // the one column that is thinkmeter's own is taken as it is
  return column === 'expected' ? { text } : finalOf(text);
}

/** Of a worked solution, its result: after `####` as in GSM8K, or in the last `\boxed{…}` as in MATH. */
function finalOf(text: string): Expected {
  const sign = text.lastIndexOf('####');
  const result = sign === -1 ? '' : text.slice(sign + '####'.length).trim();
  if (/^[^\n]*\d[^\n]*$/.test(result)) return { text: result, match: 'number' };
  for (const boxed of boxedFromLast(text)) if (boxed !== '') return { text: boxed };
  return { text };
}

function chosen(asked: Conversation, { text }: Expected, choices: Choices): RowCase | string {
  const right = rightChoice(text, choices);
  if (right === undefined) {
    return `expects ${JSON.stringify(clipped(text, 60))}, which is none of its ${choices.texts.length} choices`;
  }
  const { letter, isDoubtful } = right;
  return { case: toCase(asked, withChoices(asked.question, choices), letter), match: 'choice', isDoubtful };
}

function toCase({ context }: Conversation, question: string, expected: string): Case {
  return { question, ...(context !== undefined && { context }), expected };
}

function fieldsOf(value: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(value);
  return names.length === 0 ? '(it has no fields)' : `(its fields are ${clipped(names.join(', '), 200)})`;
}

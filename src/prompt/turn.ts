/**
 * A question as messages, for servers without token ids. Untrusted text cannot be tokenized separately there, so a
 * visible space breaks its control strings. If server and template keep a prefix of the assistant's turn, earlier
 * reasoning begins that turn; otherwise the user message quotes the reasoning.
 */
import { breakAt, knownControls } from './control-text.ts';
import type { Family } from './family.ts';
import { toConversation, type Conversation } from './messages.ts';
import { delimiters, type Part, type Question } from './question.ts';
import type { PlainMessage } from './codec.ts';

const theirs = (text: string): Part => ({ from: 'theirs', text });
const ours = (text: string): Part => ({ from: 'ours', text });

export type PlainTurn = {
  readonly messages: readonly PlainMessage[];
  readonly templateArguments: Conversation['templateArguments'];
};

export type TurnOptions = {
  readonly thinking: boolean;
  readonly reasoning?: string;
  /** the reasoning begins the assistant's turn, in the form that the family's template keeps */
  readonly asPrefix?: boolean;
};

export function toPlainTurn(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  { thinking, reasoning, asPrefix = false }: TurnOptions,
): PlainTurn {
  if (reasoning !== undefined && asPrefix) {
    const { messages, templateArguments } = toPlainTurn(question, family, { thinking: true });
    return { messages: [...messages, { role: 'assistant', content: prefixOf(reasoning, family) }], templateArguments };
  }
  const asked = reasoning === undefined ? question : { ...question, user: [...question.user, ...quoted(reasoning)] };
  const { messages, templateArguments } = toConversation(asked, family, thinking);
  const toText = ({ from, text }: Part): string => (from === 'ours' ? text : escaped(text, family));
  return {
    messages: messages.map(({ role, parts }) => ({ role, content: parts.map(toText).join('') })),
    templateArguments,
  };
}

/** The reasoning with its closer. The start marker is added only if the template prints the turn unchanged. */
function prefixOf(reasoning: string, family: Family): string {
  const { startMarker, closer, assistantPrefix } = family;
  const start = assistantPrefix === 'explicit' ? `${startMarker}\n` : '';
  return `${start}${escaped(reasoning, family)}${reasoning.endsWith('\n') ? closer.afterLine : closer.elsewhere}`;
}

/** The reasoning so far, quoted as notes. */
function quoted(reasoning: string): Part[] {
  const [opens, closes] = delimiters('notes', [reasoning]);
  return [
    ours(`\n\nNotes so far, cut short:\n${opens}\n`),
    theirs(reasoning.trim()),
    ours(`\n${closes}\n\nGive the answer now, from these notes.`),
  ];
}

/** At most this many different strings are listed in a warning. */
const MOST_LISTED = 3;

/** A warning for each untrusted text that had to be changed, with its name and the changes. */
export function escapeWarnings(question: Pick<Question, 'system' | 'user'>, family: Family): string[] {
  return [...question.system, ...question.user].flatMap((part) => {
    if (part.from === 'ours') return [];
    const changed = [...new Set(knownControls(part.text, family).map(({ control }) => control.trim()))];
    if (changed.length === 0) return [];
    const listed = changed.slice(0, MOST_LISTED).map((control) => `"${control}" as "${escaped(control, family)}"`);
    const rest = changed.length > MOST_LISTED ? ` and ${changed.length - MOST_LISTED} more` : '';
    return [
      `control strings in ${part.name ?? 'the text'} were broken by a space, because this server accepts only messages: ${listed.join(', ')}${rest}`,
    ];
  });
}

/** The text with a space in each control string. A space may complete another one, so the result is checked again. */
function escaped(text: string, family: Family): string {
  let safe = text;
  for (let found = knownControls(safe, family); found.length > 0; found = knownControls(safe, family)) {
    safe = breakAt(safe, found).join(' ');
  }
  return safe;
}

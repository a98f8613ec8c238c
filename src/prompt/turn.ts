/**
 * A question as messages, for servers without token ids. Untrusted text cannot be tokenized separately there, so a
 * visible space breaks its control strings. If server and template keep a prefix of the assistant's turn, earlier
 * reasoning begins that turn; otherwise the user message quotes the reasoning.
 */
import { breakApart, knownControls } from './control-text.ts';
import type { Family } from './family.ts';
import { toConversation, type Conversation } from './messages.ts';
import type { Part, Question } from './question.ts';
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
  return [
    ours('\n\nNotes so far, cut short:\n<notes>\n'),
    theirs(reasoning.trim()),
    ours('\n</notes>\n\nGive the answer now, from these notes.'),
  ];
}

/** A warning if an untrusted text had to be changed. */
export function escapeWarnings(question: Pick<Question, 'system' | 'user'>, family: Family): string[] {
  const changed = [...question.system, ...question.user].some(
    ({ from, text }) => from === 'theirs' && escaped(text, family) !== text,
  );
  return changed
    ? ['control strings in the text, such as </think>, were broken by a space: this server accepts only messages']
    : [];
}

function escaped(text: string, family: Family): string {
  return breakApart(text, knownControls(text, family)).join(' ');
}

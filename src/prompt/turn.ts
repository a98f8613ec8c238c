/**
 * A question for a server that takes messages only. Untrusted text cannot be tokenized apart there, so its control strings
 * are broken visibly, by a space; a thought that is to be answered from is quoted.
 */
import { breakApart, knownControls } from './control-text.ts';
import type { Family } from './family.ts';
import { toConversation, type Conversation } from './messages.ts';
import type { Part, Question } from './question.ts';
import type { PlainMessage } from './render.ts';

const theirs = (text: string): Part => ({ from: 'theirs', text });
const ours = (text: string): Part => ({ from: 'ours', text });

export type PlainTurn = {
  readonly messages: readonly PlainMessage[];
  readonly templateArguments: Conversation['templateArguments'];
};

export function toPlainTurn(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  { thinking, thought }: { readonly thinking: boolean; readonly thought?: string },
): PlainTurn {
  const asked = thought === undefined ? question : { ...question, user: [...question.user, ...quoted(thought)] };
  const { messages, templateArguments } = toConversation(asked, family, thinking);
  const toText = ({ from, text }: Part): string => (from === 'ours' ? text : escaped(text, family));
  return {
    messages: messages.map(({ role, parts }) => ({ role, content: parts.map(toText).join('') })),
    templateArguments,
  };
}

/** What was thought so far, as notes to answer from. */
function quoted(thought: string): Part[] {
  return [
    ours('\n\nNotes so far, cut short:\n<notes>\n'),
    theirs(thought.trim()),
    ours('\n</notes>\n\nGive the answer now, from these notes.'),
  ];
}

/** Says so where a text of others had to be changed. */
export function escapeWarnings(question: Pick<Question, 'system' | 'user'>, family: Family): string[] {
  const changed = [...question.system, ...question.user].some(
    ({ from, text }) => from === 'theirs' && escaped(text, family) !== text,
  );
  return changed
    ? ['control strings in the text, such as </think>, were broken by a space: this server takes text only']
    : [];
}

function escaped(text: string, family: Family): string {
  return breakApart(text, knownControls(text, family)).join(' ');
}

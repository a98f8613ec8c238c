/** A list of messages as in the OpenAI format, as a question and its context. */
import { isObject } from './row.ts';

export type Conversation = {
  /** the last message of the user */
  readonly question: string;
  /** system messages and earlier turns; absent: there are none */
  readonly context?: string;
  /** what the assistant says after the question, as in data for training; absent: nothing */
  readonly answer?: string;
};

type Message = { readonly role: string; readonly text: string };

const NAMES: Readonly<Record<string, string>> = {
  system: 'System',
  developer: 'System',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
  function: 'Tool',
};

/** The words that switch thinking in a system message: the tuning sets the budget itself. */
const SWITCH = /(?:^|\s)(?:\/think|\/no_think|detailed thinking o(?:n|ff))(?=\s|$)/g;

/** A text: what is wrong with the messages. */
export function toConversation(value: unknown): Conversation | string {
  if (!Array.isArray(value)) return 'has messages that are no list';
  const messages: Message[] = [];
  for (const item of value) {
    const message = toMessage(item);
    if (typeof message === 'string') return message;
    messages.push(message);
  }
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const question = messages[last]?.text ?? '';
  if (question.trim() === '') return 'has messages without a question of the user';
  const context = messages
    .slice(0, last)
    .map(({ role, text }) => ({ role, text: role === 'system' ? text.replaceAll(SWITCH, '').trim() : text }))
    .filter(({ text }) => text.trim() !== '')
    .map(({ role, text }) => `${NAMES[role]}: ${text}`)
    .join('\n\n');
  const answer = messages.slice(last + 1).findLast(({ role }) => role === 'assistant')?.text;
  return { question, ...(context !== '' && { context }), ...(answer !== undefined && { answer }) };
}

function toMessage(item: unknown): Message | string {
  const { role, content } = isObject(item) ? item : {};
  if (typeof role !== 'string' || !Object.hasOwn(NAMES, role)) {
    return `has a message without one of the roles ${Object.keys(NAMES).join(', ')}`;
  }
  const parts = Array.isArray(content) ? content : [{ type: 'text', text: content ?? '' }];
  const texts = parts.map((part: unknown) => (isObject(part) && part['type'] === 'text' ? part['text'] : undefined));
  return texts.every((text) => typeof text === 'string')
    ? { role: role === 'developer' ? 'system' : role, text: texts.join('\n') }
    : 'has a message that is not text';
}

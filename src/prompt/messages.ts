import type { Family, TemplateArguments } from './family.ts';
import type { Part, Question } from './question.ts';

export type Message = { readonly role: 'system' | 'user'; readonly parts: readonly Part[] };

/** The input of a chat template: messages, and the arguments that switch thinking. */
export type Conversation = {
  readonly messages: readonly Message[];
  readonly templateArguments: TemplateArguments;
};

/** The only place that creates messages. The family's thinking switch is always set explicitly. */
export function toConversation(
  question: Pick<Question, 'system' | 'user'>,
  { switch: how }: Pick<Family, 'switch'>,
  thinking: boolean,
): Conversation {
  return {
    messages: [
      { role: 'system', parts: withWord(question.system, how, thinking) },
      { role: 'user', parts: question.user },
    ],
    templateArguments: how.kind === 'argument' ? how[thinking ? 'on' : 'off'] : {},
  };
}

function withWord(system: readonly Part[], how: Family['switch'], thinking: boolean): readonly Part[] {
  if (how.kind !== 'word') return system;
  const word = thinking ? how.on : how.off;
  return how.place === 'first'
    ? [{ from: 'ours', text: `${word}\n\n` }, ...system]
    : [...system, { from: 'ours', text: ` ${word}` }];
}

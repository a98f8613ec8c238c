import type { Family } from './family.ts';
import type { Part, Question } from './question.ts';

export type Message = { readonly role: 'system' | 'user'; readonly parts: readonly Part[] };

/** The input of a chat template: messages, and the arguments that switch thinking. */
export type Conversation = {
  readonly messages: readonly Message[];
  readonly templateArguments: Readonly<Record<string, boolean>>;
};

/** The only place that creates messages. The family's thinking switch is always set explicitly. */
export function toConversation(
  question: Pick<Question, 'system' | 'user'>,
  family: Pick<Family, 'switch'>,
  thinking: boolean,
): Conversation {
  const { switch: how } = family;
  const word: Part[] = how.kind === 'word' ? [{ from: 'ours', text: ` ${thinking ? how.on : how.off}` }] : [];
  return {
    messages: [
      { role: 'system', parts: [...question.system, ...word] },
      { role: 'user', parts: question.user },
    ],
    templateArguments: how.kind === 'argument' ? { [how.name]: thinking } : {},
  };
}

/** What rendering needs of an engine: its model's own template and tokenizer. */
import type { Conversation, Message } from './messages.ts';

export type PlainMessage = { readonly role: Message['role'] | 'assistant'; readonly content: string };

export type Codec = {
  /** messages through the chat template, with the opening of the assistant's turn; ids */
  template(
    messages: readonly PlainMessage[],
    templateArguments: Conversation['templateArguments'],
  ): Promise<readonly number[]>;
  /** plain text to ids, with no special token added; control strings in it do become control tokens */
  encode(text: string): Promise<readonly number[]>;
  /** ids to text, special tokens shown */
  decode(ids: readonly number[]): Promise<string>;
};

/** The part of an engine that rendering needs: the model's own chat template and tokenizer. */
import type { Conversation, Message } from './messages.ts';

export type PlainMessage = { readonly role: Message['role'] | 'assistant'; readonly content: string };

export type Codec = {
  /** renders messages with the chat template, including the opening of the assistant's turn, to token ids */
  template(
    messages: readonly PlainMessage[],
    templateArguments: Conversation['templateArguments'],
  ): Promise<readonly number[]>;
  /** plain text to ids, without added special tokens. Trap: control strings in the text become control tokens */
  encode(text: string): Promise<readonly number[]>;
  /** ids to text, including special tokens */
  decode(ids: readonly number[]): Promise<string>;
};

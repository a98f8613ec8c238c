/** The port inside the worker thread: a model with its tokenizer and template. Prompts and tokens are token ids. */
import type { PlainMessage } from '../../prompt/codec.ts';
import type { TemplateArguments } from '../../prompt/family.ts';
import type { Generate, OnToken } from './protocol.ts';

export type Model = {
  /** in tokens, prompt and generated tokens together */
  readonly window: number;
  template(messages: readonly PlainMessage[], templateArguments: TemplateArguments): readonly number[];
  encode(text: string): readonly number[];
  decode(ids: readonly number[]): string;
  /** Calls `onToken` for each token, the end of turn included, which has no text. `abort`: `stop` was set. */
  generate(request: Generate, onToken: OnToken): Promise<'stop' | 'length' | 'abort'>;
};

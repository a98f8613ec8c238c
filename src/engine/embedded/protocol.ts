/** What the engine and its worker thread say to each other. */
import type { Sampling } from '../../prompt/family.ts';
import type { PlainMessage } from '../../prompt/codec.ts';

/** A folder on this machine, or a model of the hub. */
export type ModelSource =
  | { readonly kind: 'folder'; readonly parent: string; readonly name: string }
  | { readonly kind: 'hub'; readonly id: string };

export type Load = {
  readonly source: ModelSource;
  readonly dtype: string;
  /** the hub's address, where it is not the public one */
  readonly hub?: string | undefined;
};

export type Loaded = { readonly window: number };

export type Generate = {
  readonly ids: readonly number[];
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** one number, shared: not 0 means stop before the next token */
  readonly stop: Int32Array;
};

export type Calls = {
  load: { ask: Load; answer: Loaded };
  template: {
    ask: { messages: readonly PlainMessage[]; templateArguments: Readonly<Record<string, boolean>> };
    answer: readonly number[];
  };
  encode: { ask: { text: string }; answer: readonly number[] };
  decode: { ask: { ids: readonly number[] }; answer: string };
  /** its tokens come as `token` events before the answer, which is the finish reason */
  generate: { ask: Generate; answer: 'stop' | 'length' | 'abort' };
};

export type CallName = keyof Calls;

export type ToWorker = {
  [Name in CallName]: { readonly call: number; readonly name: Name; readonly ask: Calls[Name]['ask'] };
}[CallName];

export type FromWorker =
  | { readonly kind: 'answer'; readonly call: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'token'; readonly call: number; readonly id: number; readonly text: string }
  | { readonly kind: 'loading'; readonly message: string };

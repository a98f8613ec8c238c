/** Messages between the embedded engine and its worker thread. */
import type { Sampling } from '../../prompt/family.ts';
import type { PlainMessage } from '../../prompt/codec.ts';
import type { TemplateArguments } from '../../prompt/family.ts';

/** A folder on this machine, or a model on the hub. */
export type ModelSource =
  /** `file`: the path of the ONNX graph within the folder */
  | { readonly kind: 'folder'; readonly parent: string; readonly name: string; readonly file: string }
  | { readonly kind: 'hub'; readonly id: string };

export type Load = {
  /** `onnxruntime`: a decoder in a folder, without transformers.js */
  readonly library: 'onnxruntime' | 'transformers';
  readonly source: ModelSource;
  readonly dtype: string;
  /** the hub's address; absent: the public hub */
  readonly hub?: string | undefined;
};

export type Loaded = { readonly window: number };

export type Generate = {
  readonly ids: readonly number[];
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** the first token of the end marker: tokens are sent with their margins to it; absent: without margins */
  readonly endId?: number | undefined;
  /** one shared number: any value but 0 stops the generation before its next token */
  readonly stop: Int32Array;
};

/** `margin`: see `Piece`, in the port; absent if `endId` is. */
export type OnToken = (id: number, text: string, margin?: number) => void;

export type Calls = {
  load: { ask: Load; answer: Loaded };
  template: {
    ask: { messages: readonly PlainMessage[]; templateArguments: TemplateArguments };
    answer: readonly number[];
  };
  encode: { ask: { text: string }; answer: readonly number[] };
  decode: { ask: { ids: readonly number[] }; answer: string };
  /** `token` messages precede the answer, which is the finish reason */
  generate: { ask: Generate; answer: 'stop' | 'length' | 'abort' };
};

export type CallName = keyof Calls;

export type ToWorker = {
  [Name in CallName]: { readonly call: number; readonly name: Name; readonly ask: Calls[Name]['ask'] };
}[CallName];

export type FromWorker =
  | { readonly kind: 'answer'; readonly call: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly message: string; readonly code: string | undefined }
  | {
      readonly kind: 'token';
      readonly call: number;
      readonly id: number;
      readonly text: string;
      readonly margin?: number;
    }
  | { readonly kind: 'loading'; readonly message: string };

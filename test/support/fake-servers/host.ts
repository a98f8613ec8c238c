/** One server: what it is like, what it serves, and what it was told to get wrong. */
import type { Script } from '../fake-vllm/generation.ts';
import type { FakeModel, ModelName } from '../fake-vllm/model.ts';
import type { Dialect } from './dialect.ts';
import type { Router, RouterOptions } from './router.ts';

export type FakeServerOptions = {
  readonly model?: ModelName;
  /** as it calls the model; default: as its kind does */
  readonly name?: string;
  /** default: 2048 tokens */
  readonly window?: number;
  readonly msPerToken?: number;
  readonly script?: Script;
  /** its budget field is taken, answered with 200, and not acted on */
  readonly ignoresBudget?: boolean;
  /** SGLang before 2026: no `return_token_ids`, and `/tokenize` takes no messages */
  readonly old?: boolean;
  /** Lemonade, LM Studio, Ollama: the first request loads the model */
  readonly notLoaded?: boolean;
  /** Ollama: of a prompt that exceeds the window, the last half window is read, without a word (ollama/ollama#17427) */
  readonly dropsLongPrompts?: boolean;
  /** cannot reach the hub, so that `/v1/models` is a 500 (seen on transformers 5.19) */
  readonly offline?: boolean;
  /** llama.cpp: it is a router */
  readonly router?: RouterOptions;
  /** listed before its own model, as its kind lists them */
  readonly others?: readonly Listed[];
  /** of a chat stream: hosted services send several in one chunk */
  readonly tokensPerChunk?: number;
};

/** Another model of a server: it is listed, and refuses every question. */
export type Listed = {
  readonly id: string;
  /** what its kind reports: LM Studio's `type`, a family of Ollama's, a label of Lemonade's */
  readonly type?: string;
  readonly isLoaded?: boolean;
};

export type Host = {
  readonly dialect: Dialect;
  readonly model: FakeModel;
  /** as the server calls the model */
  readonly name: string;
  readonly window: number;
  readonly script: Script;
  readonly options: FakeServerOptions;
  readonly router: Router | undefined;
  /** Ollama: the model is in memory, since the first question at the latest */
  readonly memory: { isLoaded: boolean };
};

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  /** `{}` when there was none, or no JSON object */
  readonly body: Readonly<Record<string, unknown>>;
  /** the client left before the answer had ended */
  readonly aborted: boolean;
  /** the ids of the prompt, of what was generated from one */
  readonly prompt: readonly number[];
  /** ids, sent or not */
  readonly generated: readonly number[];
  /** of those, tokens that lie wholly before the end marker, where the prompt had opened thinking */
  readonly thinkingTokens: number;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A request while it is answered. */
export type Recording = Mutable<Omit<RecordedRequest, 'generated'>> & { readonly generated: number[] };

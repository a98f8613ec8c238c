/**
 * The port: what the budget loop needs of whatever generates tokens. Engines hold no budget logic, the loop holds no
 * engine's name: what differs is in `Facts`.
 */
import type { Closer, Family, Sampling, ThinkingState } from '../prompt/family.ts';
import type { Question } from '../prompt/question.ts';

/** What is known of a model and its engine. Found by probing, once; plain data. */
export type Facts = {
  readonly engine: 'vllm' | 'embedded';
  /** as the engine names it */
  readonly model: string;
  /** prompt and generated tokens together */
  readonly window: number;
  readonly family: Family;
  /** the family's closer, in this model's own tokens */
  readonly closerIds: Closer<readonly number[]>;
  /** which server, version and model these are: what is learnt by counting holds until it changes */
  readonly server: string;
  /** the server's own thinking budget, where it says that it has one */
  readonly native?: NativeBudget;
  /** whether a prompt that begins as an earlier one is not read again; absent: not known */
  readonly prefixCaching?: boolean;
  /** how the tokens of its streams can be counted while they come */
  readonly countedBy: CountedBy;
};

export type NativeBudget = {
  /** its name on the wire, for people */
  readonly field: string;
  /** it counts what the prompt has behind the start marker as well */
  readonly countsPrompt: boolean;
};

/** For a server that takes no token ids: the question itself, answered from a thought where there is one. */
export type Turn = {
  readonly question: Pick<Question, 'system' | 'user'>;
  readonly thinking: boolean;
  readonly thought?: string;
  /** estimated */
  readonly tokens: number;
};

/** What a generation goes on from. Ids may begin with ids seen before: that is a continuation. */
export type Beginning = readonly number[] | Turn;

/** A rendered question. */
export type Prompt = {
  readonly ids: readonly number[];
  /** in the place of ids, where they are not to be had */
  readonly turn?: Turn;
  readonly thinking: ThinkingState;
  /** the text of the last few tokens */
  readonly tail: string;
  /** tokens behind the start marker, where thinking is open: a line end, mostly */
  readonly opened: number;
  /** what had to be done to the text */
  readonly warnings?: readonly string[];
};

/** How tokens are counted, the most certain first. */
export type CountedBy = 'ids' | 'usage' | 'tokenizer' | 'estimate';

export type Limits = {
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** for the server's own budget, in its own counting; absent: none is asked for */
  readonly nativeBudget?: number;
};

/** `raw` is the server's own word: `stop`, `length`, `abort`, `repetition`, … */
export type FinishReason = { readonly unified: 'stop' | 'length' | 'other'; readonly raw: string };

/**
 * A chunk, as the wire gave it: several ids may share one text, an id may come without text (a held-back piece of a
 * character, an end-of-turn token).
 */
export type Piece = {
  readonly ids: readonly number[];
  readonly text: string;
  readonly finish?: FinishReason;
  /** how many tokens these are, where their ids do not come */
  readonly counted?: { readonly tokens: number; readonly by: Exclude<CountedBy, 'ids'> };
  /** of the whole request, with the last piece */
  readonly usage?: Usage;
};

export type Usage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** of those, thinking; absent: the server does not say */
  readonly reasoningTokens?: number;
};

export type Loading = (progress: { readonly message: string }) => void;

export type CallOptions = { readonly signal: AbortSignal; readonly loading?: Loading };

export type Engine = {
  /** Probes, or loads, on first use. */
  describe(options: CallOptions): Promise<Facts>;
  /** A question as token ids, with thinking switched on or off. */
  render(question: Pick<Question, 'system' | 'user'>, thinking: boolean, options: CallOptions): Promise<Prompt>;
  /**
   * Goes on from there. Leaving the loop, or the signal, ends the request upstream at once. Throws
   * `ConnectionLostError` when the stream breaks off after its first token.
   */
  generate(from: Beginning, limits: Limits, options: CallOptions): AsyncIterable<Piece>;
  /** The text of these ids, special tokens shown. Asked only where chunks do not tell where a token ends. */
  decode(ids: readonly number[], options: CallOptions): Promise<string>;
  /** The ids of a text. Asked only where a stream came without ids and has to be continued. */
  encode(text: string, options: CallOptions): Promise<readonly number[]>;
  /** For operators; absent where there is nothing to tell. */
  status?(options: CallOptions): Promise<EngineStatus>;
  /** Live figures; undefined where the server has none. */
  load?(options: CallOptions): Promise<Load | undefined>;
  close(): Promise<void>;
};

/** What is known of a server, for people. */
export type EngineStatus = {
  readonly address: string;
  /** how the address came: set by the operator, the default, or found on this machine */
  readonly chosen: 'set' | 'default' | 'found';
  /** as the table of dialects names it */
  readonly kind: string;
  readonly version?: string;
  /** who answers on its behalf, as the `Server` header says: `nginx/1.22.1` */
  readonly answeredBy?: string;
  /** how the model is loaded, where it is not yet */
  readonly toLoad?: string;
  /** prompts go as token ids, or as messages */
  readonly prompts: 'ids' | 'messages';
  readonly prefixCaching?: boolean;
  /** known of servers of this kind, with where it can be read up */
  readonly beware: readonly string[];
};

export type Load = {
  readonly running: number;
  readonly waiting: number;
  /** 0 to 1 */
  readonly cacheUse?: number;
  /** since the server started */
  readonly generatedTokens?: number;
  readonly tokensPerSecond?: number;
  /** mean since the server started */
  readonly firstTokenMs?: number;
};

/** The stream broke off after tokens had come. Not for callers: the loop continues from what it has. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** What `describe` told does not hold any more. Not for callers: the loop asks again, once. */
export class FactsChangedError extends Error {
  override readonly name = 'FactsChangedError';
}

export function beginningOf({ ids, turn }: Pick<Prompt, 'ids' | 'turn'>): Beginning {
  return turn ?? ids;
}

export function tokensOf(from: Beginning): number {
  return isTurn(from) ? from.tokens : from.length;
}

export function isTurn(from: Beginning): from is Turn {
  return !Array.isArray(from);
}

/**
 * The port: what the budget loop needs of whatever generates tokens. An engine opens sessions; a run holds one of them,
 * and what it knows of the server is pinned there. Engines hold no budget logic, the loop holds no engine's name.
 */
import type { Family, Sampling, ThinkingState } from '../prompt/family.ts';
import type { Question } from '../prompt/question.ts';

/** What is known of a model and its engine: plain data, found by probing. */
export type Facts = {
  readonly engine: 'remote' | 'embedded';
  /** as the engine names it */
  readonly model: string;
  /** prompt and generated tokens together; `Infinity`: not known */
  readonly window: number;
  readonly family: Family;
  /** the most tokens that the family's closer takes, in this model's own tokens */
  readonly closerTokens: number;
  /** which server, version and model these are: evidence is kept under this name */
  readonly server: string;
  /** the server's own thinking budget, if it says that it has one */
  readonly native?: NativeBudget;
  /** whether a prompt that begins like an earlier one is computed again; absent: not known */
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

/** How tokens are counted, the most certain first. */
export type CountedBy = 'ids' | 'usage' | 'tokenizer' | 'estimate';

/** What a generation continues from. Opaque to the loop: only the session that made it can read it. */
export type Beginning = {
  /** counted, or, while `exact` is false, estimated */
  readonly promptTokens: number;
  readonly exact: boolean;
};

/** A rendered question. */
export type Prompt = {
  readonly beginning: Beginning;
  /** `hidden`: the server renders the prompt and does not show it */
  readonly thinking: ThinkingState | 'hidden';
  /** tokens behind the start marker, if thinking is open: usually a line end */
  readonly opened: number;
  /** what had to be changed in the text */
  readonly warnings?: readonly string[];
};

/** What a run keeps of a stream, to continue from it. */
export type Kept = {
  /** from the stream's beginning; undefined: its tokens came without ids */
  readonly ids: readonly number[] | undefined;
  /** the text of exactly these tokens */
  readonly text: string;
  /** the thinking in it, without markers */
  readonly reasoning: string;
  /** thinking is still open, so the closer has to follow */
  readonly open: boolean;
};

export type Extended = {
  readonly beginning: Beginning;
  /** appended by us */
  readonly closerTokens: number;
  /** an answer that has begun cannot be continued here: it is generated anew */
  readonly restartsAnswer: boolean;
};

export type Limits = {
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** for the server's own budget, in its own counting; absent: none is requested */
  readonly nativeBudget?: number;
};

/** `raw` is the server's own word: `stop`, `length`, `abort`, `repetition`, … */
export type FinishReason = { readonly unified: 'stop' | 'length' | 'other'; readonly raw: string };

/**
 * A chunk, as the wire gave it: several ids may share one text, an id may come without text (an incomplete character, an
 * end-of-turn token).
 */
export type Piece = {
  readonly ids: readonly number[];
  readonly text: string;
  readonly finish?: FinishReason;
  /** how many tokens these are, if their ids do not come */
  readonly counted?: { readonly tokens: number; readonly by: Exclude<CountedBy, 'ids'> };
  /** all that the engine has received and cannot place yet; a reader that runs out of time may take it as text */
  readonly buffered?: { readonly text: string; readonly tokens: number; readonly by: Exclude<CountedBy, 'ids'> };
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

export type OpenOptions = CallOptions & {
  /** probes again, and waits for it; else known facts are used at once and refreshed in the background */
  readonly fresh?: boolean;
};

export type RenderOptions = CallOptions & {
  readonly thinking: boolean;
  /** tokens that are to follow the prompt: if they might not fit, it is counted exactly, where that is possible */
  readonly room: number;
};

export type Engine = {
  /** Probes, or loads a model, on first use. @throws {ThinkmeterError} when no question could be put there */
  open(options: OpenOptions): Promise<Session>;
  close(): Promise<void>;
};

/** One server, one model, one way of prompting (token ids or messages), for one run. */
export type Session = {
  readonly facts: Facts;
  /** A question as a prompt, with thinking switched on or off. */
  render(question: Pick<Question, 'system' | 'user'>, options: RenderOptions): Promise<Prompt>;
  /**
   * Generates from there. Leaving the iteration, or the signal, ends the request upstream at once. Throws
   * `ConnectionLostError` when the stream breaks off after its first token, `EndpointGoneError` when the endpoint that
   * this session uses is not there any more.
   */
  generate(from: Beginning, limits: Limits, options: CallOptions): AsyncIterable<Piece>;
  /** A beginning and what is kept of what came after it, thinking closed. Throws `EndpointGoneError` as well. */
  extend(from: Beginning, kept: Kept, options: CallOptions): Promise<Extended>;
  /** The text of these ids, special tokens shown. Requested only if chunks do not show where a token ends. */
  decode(ids: readonly number[], options: CallOptions): Promise<string>;
  /** For operators; absent: there is nothing to report. */
  status?(options: CallOptions): Promise<EngineStatus>;
  /** Live figures; undefined if the server has none. */
  load?(options: CallOptions): Promise<Load | undefined>;
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
  /** how the model is loaded, if it is not yet */
  readonly toLoad?: string;
  /** paths that accepted a request and did not answer it in time */
  readonly silent: readonly string[];
  /** prompts go as token ids, or as messages */
  readonly prompts: 'ids' | 'messages';
  readonly prefixCaching?: boolean;
  /** known of servers of this kind, with its source */
  readonly limitations: readonly string[];
  /** its processes on this machine, by their command lines; absent: on another machine, or not known */
  readonly program?: RegExp;
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

/** The endpoint that a session uses is not there any more. Not for callers: the run opens another session, once. */
export class EndpointGoneError extends Error {
  override readonly name = 'EndpointGoneError';
}

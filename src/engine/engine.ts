/**
 * The port between the budget loop and everything that generates tokens. An engine opens sessions. A run holds one
 * session, whose facts about the server do not change. Engines contain no budget logic; the loop names no engine.
 */
import type { Family, Sampling, ThinkingState } from '../prompt/family.ts';
import type { Question } from '../prompt/question.ts';

/** Facts about a model and its engine, found by probing: plain data. */
export type Facts = {
  readonly engine: 'remote' | 'embedded';
  /** the engine's name of the model */
  readonly model: string;
  /** prompt and generated tokens together; `Infinity`: unknown */
  readonly window: number;
  readonly family: Family;
  /** length of the longest form of the family's closer, in this model's tokens */
  readonly closerTokens: number;
  /** names the server, version and model: the key of the evidence */
  readonly server: string;
  /** how many generations the server computes at the same time; `Infinity`: no limit of its own; absent: unknown */
  readonly slots?: number;
  /** the server's own thinking budget, if the server reports one */
  readonly native?: NativeBudget;
  /** whether the server reuses the computed beginning of an earlier prompt; absent: unknown */
  readonly prefixCaching?: boolean;
  /** the server silently drops the beginning of a prompt that exceeds its window; the text says how to enlarge the window */
  readonly dropsLongPrompts?: string;
  /** how the tokens of a stream can be counted while they arrive */
  readonly countedBy: CountedBy;
  /** pieces can report margins; absent: the engine or its server has none */
  readonly margins?: true;
};

export type NativeBudget = {
  /** its name on the wire, for messages */
  readonly field: string;
  /** the server also counts the prompt's tokens after the start marker */
  readonly countsPrompt: boolean;
};

/** How tokens are counted, most certain first. */
export type CountedBy = 'ids' | 'usage' | 'tokenizer' | 'estimate';

/** The text that a generation continues. Opaque to the loop: only the session that created a beginning can read it. */
export type Beginning = {
  /** an estimate if `exact` is false */
  readonly promptTokens: number;
  readonly exact: boolean;
};

/** A rendered question. */
export type Prompt = {
  readonly beginning: Beginning;
  /** `hidden`: the server renders the prompt and does not return it */
  readonly thinking: ThinkingState | 'hidden';
  /** tokens after the start marker, if thinking is open: usually a line end */
  readonly opened: number;
  /** changes that had to be made to the text */
  readonly warnings?: readonly string[];
};

/** The part of a stream that a continuation keeps. */
export type Kept = {
  /** from the stream's beginning; undefined: the tokens arrived without ids */
  readonly ids: readonly number[] | undefined;
  /** the text of exactly these tokens */
  readonly text: string;
  /** the thinking in it, without markers */
  readonly reasoning: string;
  /** thinking is still open, so the closer must follow */
  readonly open: boolean;
};

export type Extended = {
  readonly beginning: Beginning;
  /** appended by thinkmeter */
  readonly closerTokens: number;
  /** the session cannot continue a partial answer: the answer is generated from its beginning */
  readonly restartsAnswer: boolean;
};

export type Limits = {
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** the server's own thinking budget, in the server's counting; absent: none is requested */
  readonly nativeBudget?: number;
  /** pieces report margins; ignored by engines that have none */
  readonly margins?: boolean;
};

/** `raw` is the server's value: `stop`, `length`, `abort`, `repetition`, … */
export type FinishReason = { readonly unified: 'stop' | 'length' | 'other'; readonly raw: string };

/**
 * One chunk of the stream. A chunk may carry several ids with one text, or an id without text (an incomplete character,
 * an end-of-turn token).
 */
export type Piece = {
  readonly ids: readonly number[];
  readonly text: string;
  /**
   * For each id of the piece: the log-probability of the generated token less that of the first token of the end marker, in
   * nats, of the model's own distribution before temperature. `Infinity`: the end marker is so unlikely that the server does
   * not report it. May be negative with sampling. Absent: none were requested, the piece has no ids, or the server sends none.
   */
  readonly margins?: readonly number[];
  readonly finish?: FinishReason;
  /** the number of tokens, if the server sends no ids */
  readonly counted?: { readonly tokens: number; readonly by: Exclude<CountedBy, 'ids'> };
  /** received content that the engine cannot classify yet; a reader without time left may take it as text */
  readonly buffered?: { readonly text: string; readonly tokens: number; readonly by: Exclude<CountedBy, 'ids'> };
  /** of the whole request, with the last piece */
  readonly usage?: Usage;
};

export type Usage = {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** the completion tokens that are thinking; absent: not reported */
  readonly reasoningTokens?: number;
};

export type Loading = (progress: { readonly message: string }) => void;

export type CallOptions = { readonly signal: AbortSignal; readonly loading?: Loading };

export type OpenOptions = CallOptions & {
  /** true: wait for a new probe; otherwise known facts are used at once and refreshed in the background */
  readonly fresh?: boolean;
  /** the run that uses the session: its requests carry this id, so that a router keeps them on one replica */
  readonly runId?: string;
};

export type RenderOptions = CallOptions & {
  readonly thinking: boolean;
  /** tokens to follow the prompt: if they might not fit the window, the prompt is counted exactly when possible */
  readonly room: number;
};

export type Engine = {
  /** Probes the server, or loads the model, on first use. @throws {ThinkmeterError} if no question can be answered */
  open(options: OpenOptions): Promise<Session>;
  close(): Promise<void>;
};

/** One server, one model and one mode (token ids or messages), for one run. */
export type Session = {
  readonly facts: Facts;
  /** Renders a question as a prompt, with thinking switched on or off. */
  render(question: Pick<Question, 'system' | 'user'>, options: RenderOptions): Promise<Prompt>;
  /**
   * Generates after a beginning. If the iteration is left or the signal aborts, the request is aborted on the server at
   * once. Throws `ConnectionLostError` if the stream breaks after its first token, and `EndpointGoneError` if the
   * session's endpoint has disappeared.
   */
  generate(from: Beginning, limits: Limits, options: CallOptions): AsyncIterable<Piece>;
  /** Appends the kept part of a stream to its beginning, and closes the thinking. Also throws `EndpointGoneError`. */
  extend(from: Beginning, kept: Kept, options: CallOptions): Promise<Extended>;
  /** The text of ids, including special tokens. Used only if the chunks do not show the token boundaries. */
  decode(ids: readonly number[], options: CallOptions): Promise<string>;
  /** The server named its window in a refusal: later sessions know it. */
  learnWindow?(window: number): void;
  /** For operators; absent: nothing to report. */
  status?(options: CallOptions): Promise<EngineStatus>;
  /** The server's current counters; undefined if the server has none. */
  load?(options: CallOptions): Promise<Load | undefined>;
};

/** Facts about a server, for operators. */
export type EngineStatus = {
  readonly address: string;
  /** source of the address: set by the operator, the default, or found on this machine */
  readonly chosen: 'set' | 'default' | 'found';
  /** the name in the table of dialects */
  readonly kind: string;
  readonly version?: string;
  /** the program that answers in front of the server, from the `Server` header: `nginx/1.22.1` */
  readonly answeredBy?: string;
  /** how to load the model, if it is not loaded yet */
  readonly toLoad?: string;
  /** paths that accepted a request but did not answer in time */
  readonly silent: readonly string[];
  /** prompts are sent as token ids or as messages */
  readonly prompts: 'ids' | 'messages';
  readonly prefixCaching?: boolean;
  /** known limitations of this kind of server, with their sources */
  readonly limitations: readonly string[];
  /** matches the command lines of its processes on this machine; absent: on another machine, or unknown */
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

/** The stream broke after its first token. Internal: the run continues from the received tokens. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** The endpoint of a session has disappeared. Internal: the run opens another session, once. */
export class EndpointGoneError extends Error {
  override readonly name = 'EndpointGoneError';
}

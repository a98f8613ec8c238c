/**
 * What a server can do wrong, or a road between. What is generated goes wrong on both roads, of text and of chat. A request
 * keeps the misbehaviour that was set when it came.
 */
export type Misbehaviour = {
  /** the connection breaks once n tokens of a completion were sent */
  readonly dropAfterTokens?: number;
  /** how many completions are dropped before the server is well again; without it, all */
  readonly dropTimes?: number;
  /** that many ids in each chunk, or in the first chunks one by one: one text, as speculation and slow readers make it */
  readonly idsPerChunk?: number | readonly number[];
  readonly lateHeadersMs?: number;
  /** the time before the first token, on top of `msPerToken`; two numbers: anywhere between them, by chance */
  readonly firstTokenMs?: number | readonly [least: number, most: number];
  /** other load: the server alternates between its speed and this one */
  readonly slow?: { readonly msPerToken: number; readonly everyMs: number };
  readonly rejectFirst?: {
    readonly times: number;
    readonly status: 429 | 500 | 503;
    readonly retryAfterSeconds?: number;
  };
  /** that many requests are reset before the first byte of an answer, as a stale kept-alive connection is */
  readonly resetFirst?: number;
  /** says "stop" where the limit was reached */
  readonly stopAtCap?: boolean;
  /** silently gives no more tokens than this; finish_reason "length" */
  readonly clampMaxTokens?: number;
  /** an event that is no JSON after n tokens, and then goes on */
  readonly garbageAfterTokens?: number;
  /** an error event after n tokens, and the end */
  readonly errorAfterTokens?: number;
  readonly finishReason?: { readonly afterTokens: number; readonly reason: 'repetition' | 'abort' };
  /** sends nothing more after n tokens and keeps the connection */
  readonly stallAfterTokens?: number;
  /** the stream is held back by a proxy: headers and all chunks come when the generation is over */
  readonly burst?: boolean;
  /** paths that are not there, as behind a proxy: 404 */
  readonly hide?: readonly string[];
  /** paths that take a request and never answer it, as behind a gateway that swallows them */
  readonly swallow?: readonly string[];
  /** generations at a time; the others wait behind their headers, first come, first served */
  readonly slots?: number;
  /** started with `--enable-sleep-mode` in development mode: has `/is_sleeping`; asleep it takes generations and writes nothing */
  readonly asleep?: boolean;
  readonly noCompletions?: boolean;
  readonly noVersion?: boolean;
  readonly noTokenize?: boolean;
  /**
   * What becomes of a last message of the assistant's: the template drops a thought that it begins with, or the server
   * never heard of continuing it and begins a turn of its own behind it
   */
  readonly prefix?: 'dropped' | 'unheard';
  /** ignores `return_token_ids`, as a server that never heard of it */
  readonly noTokenIds?: boolean;
  /** the stream ends in order, but its last chunk, the usage and `[DONE]` never come */
  readonly truncateWithoutFinish?: boolean;
  /** goes on generating, and counting, after the client left */
  readonly ignoreAbort?: boolean;
};

export type Rejection = NonNullable<Misbehaviour['rejectFirst']>;

/** A misbehaviour with its counters: what is to happen a number of times is taken one by one. */
export type Mischief = {
  readonly spec: Misbehaviour;
  takeReset(): boolean;
  takeRejection(): Rejection | undefined;
  takeDrop(): boolean;
  /** Waits for a slot; the returned function gives it back. */
  slot(signal: AbortSignal): Promise<() => void>;
};

export function createMischief(spec: Misbehaviour): Mischief {
  const reset = counter(spec.resetFirst ?? 0);
  const reject = counter(spec.rejectFirst?.times ?? 0);
  const drop = counter(spec.dropTimes ?? Infinity);
  return {
    spec,
    takeReset: reset,
    takeRejection: () => (reject() ? spec.rejectFirst : undefined),
    takeDrop: drop,
    slot: createSlots(spec.slots ?? Infinity),
  };
}

function createSlots(count: number): Mischief['slot'] {
  const waiting: (() => void)[] = [];
  let free = count;
  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return async (signal) => {
    if (free > 0) {
      free -= 1;
    } else {
      await new Promise<void>((resolve) => waiting.push(resolve));
      // who has left while waiting hands the slot on, and generates nothing
      if (signal.aborted) {
        giveBack();
        return () => undefined;
      }
    }
    return giveBack;
  };
}

export function isHidden(path: string, spec: Misbehaviour): boolean {
  const hidden = [
    ...(spec.hide ?? []),
    ...(spec.asleep === undefined ? ['/is_sleeping'] : []),
    ...(spec.noCompletions === true ? ['/v1/completions'] : []),
    ...(spec.noVersion === true ? ['/version'] : []),
    ...(spec.noTokenize === true ? ['/tokenize', '/detokenize'] : []),
  ];
  return hidden.includes(path);
}

function counter(times: number): () => boolean {
  let left = times;
  return () => {
    if (left <= 0) return false;
    left -= 1;
    return true;
  };
}

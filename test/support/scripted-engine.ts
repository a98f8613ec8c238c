/** An engine that says what a test wrote down, piece by piece, and remembers what it was asked. */
import type { Clock } from '../../src/clock.ts';
import {
  ConnectionLostError,
  isTurn,
  type Beginning,
  type CallOptions,
  type Engine,
  type Facts,
  type Limits,
} from '../../src/engine/engine.ts';
import type { Piece, Prompt } from '../../src/engine/engine.ts';
import type { Tokens } from './tokens.ts';

/** A piece, time that passes (ms), silence for ever, or an error. After the last step the stream is over. */
export type Step = Piece | { readonly wait: number } | 'stall' | Error;

export const lost = new ConnectionLostError('the stream broke off');

/** May be endless, or depend on what was asked. */
export type Script = Iterable<Step> | ((asked: Pick<RecordedRequest, 'ids' | 'maxTokens'>) => Iterable<Step>);

/** Frozen copies: what the loop does to its own arrays later does not show. */
export type RecordedRequest = {
  readonly ids: readonly number[];
  readonly maxTokens: number;
  readonly sampling: Limits['sampling'];
  readonly nativeBudget: number | undefined;
  /** on the clock */
  readonly at: number;
  /** the ids that were handed over */
  readonly sent: readonly number[];
  /** its signal fired before the script was over */
  readonly aborted: boolean;
  /** nobody reads it any more, or it is over */
  readonly left: boolean;
};

export type EngineScript = {
  readonly clock: Clock;
  readonly tokens: Tokens;
  readonly facts: Facts;
  readonly prompt: Prompt;
  readonly scripts: readonly Script[];
  readonly describe?: Engine['describe'];
  readonly render?: Engine['render'];
  readonly decode?: Engine['decode'];
  readonly load?: Engine['load'];
};

export type ScriptedEngine = Engine & {
  readonly requests: readonly RecordedRequest[];
  /** one for each `render`: whether thinking was switched on */
  readonly rendered: readonly boolean[];
  /** what each `decode` was asked for */
  readonly decoded: readonly (readonly number[])[];
  /** Every script was asked for, and nothing else. */
  expectAllUsed(): void;
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export function scriptedEngine(script: EngineScript): ScriptedEngine {
  const { clock, tokens, facts, prompt, scripts } = script;
  const requests: RecordedRequest[] = [];
  const rendered: boolean[] = [];
  const decoded: (readonly number[])[] = [];
  const complaints: string[] = [];

  const complain = (text: string): Error => {
    complaints.push(text);
    return new Error(text);
  };

  async function* generate(
    from: Beginning,
    { maxTokens, sampling, nativeBudget }: Limits,
    { signal }: CallOptions,
  ): AsyncGenerator<Piece> {
    const ids = isTurn(from) ? [] : from;
    const sent: number[] = [];
    const request: Mutable<RecordedRequest> = {
      ids: Object.freeze([...ids]),
      maxTokens,
      sampling: Object.freeze({ ...sampling }),
      nativeBudget,
      at: clock.now(),
      sent,
      aborted: signal.aborted,
      left: false,
    };
    const steps = scripts[requests.length];
    requests.push(request);
    if (steps === undefined) throw complain(`request ${requests.length} was not expected`);
    let over = false;
    const markAborted = (): void => {
      if (!over) request.aborted = true;
    };
    signal.addEventListener('abort', markAborted);
    try {
      for (const step of typeof steps === 'function' ? steps(request) : steps) {
        signal.throwIfAborted();
        if (step instanceof Error) over = true;
        if (step instanceof Error) throw step;
        // oxlint-disable-next-line no-await-in-loop -- that is what a stream is
        if (step === 'stall') await silence(signal);
        else if ('wait' in step) await pause(clock, step.wait, signal);
        else {
          sent.push(...step.ids);
          if (sent.length > maxTokens) throw complain(`a script is longer than the ${maxTokens} tokens asked for`);
          over = step.finish !== undefined;
          yield step;
          if (over) return;
        }
      }
      over = true;
    } finally {
      request.left = true;
      signal.removeEventListener('abort', markAborted);
    }
  }

  return {
    requests,
    rendered,
    decoded,
    describe: script.describe ?? (() => Promise.resolve(facts)),
    render: (question, thinking, call) => {
      rendered.push(thinking);
      return script.render?.(question, thinking, call) ?? Promise.resolve(prompt);
    },
    generate,
    decode: (ids, call) => {
      decoded.push(Object.freeze([...ids]));
      return script.decode?.(ids, call) ?? Promise.resolve(tokens.decode(ids));
    },
    encode: (text) => Promise.resolve(tokens.encode(text)),
    ...(script.load === undefined ? {} : { load: script.load }),
    close: () => Promise.resolve(),
    expectAllUsed: () => {
      if (requests.length < scripts.length) {
        complaints.push(`${scripts.length} requests were expected, ${requests.length} came`);
      }
      if (complaints.length > 0) throw new Error(complaints.join('; '));
    },
  };
}

/** Never comes; ends only with the signal. */
export function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => whenAborted(signal, reject));
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = whenAborted(signal, (reason) => {
      takeBack();
      reject(reason);
    });
    const takeBack = clock.timer(ms, () => {
      forget();
      resolve();
    });
  });
}

/** The returned function stops listening. */
function whenAborted(signal: AbortSignal, act: (reason: Error) => void): () => void {
  signal.throwIfAborted();
  const listener = (): void => act(signal.reason as Error);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** An engine that says what a test wrote down, piece by piece, and remembers what it was asked. */
import type { Clock } from '../../src/clock.ts';
import {
  ConnectionLostError,
  type Beginning,
  type CallOptions,
  type Engine,
  type Facts,
  type Limits,
  type Piece,
  type Prompt,
  type Session,
} from '../../src/engine/engine.ts';
import { extendIds, idsOf } from '../../src/engine/token-ids.ts';
import type { Closer } from '../../src/prompt/family.ts';
import type { Tokens } from './tokens.ts';

/** A piece, time that passes (ms), silence for ever, or an error. After the last step the stream is over. */
export type Step = Piece | { readonly wait: number } | 'stall' | Error;

export const lost = new ConnectionLostError('the stream broke off');

/** May be endless, or depend on what was asked. */
export type Script = Iterable<Step> | ((asked: Pick<RecordedRequest, 'ids' | 'maxTokens'>) => Iterable<Step>);

export type ScriptOfAll = Extract<Script, (...asked: never[]) => unknown>;

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
  /** tokens that were handed over, with or without ids */
  readonly sentTokens: number;
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
  /** one for each request, or one for all */
  readonly scripts: readonly Script[] | ScriptOfAll;
  readonly open?: Engine['open'];
  readonly render?: Session['render'];
  readonly decode?: Session['decode'];
  readonly load?: Session['load'];
};

export type ScriptedEngine = Engine &
  Session & {
    /** one for each `open`: whether fresh facts were asked for */
    readonly opened: readonly boolean[];
    readonly closer: Closer<readonly number[]>;
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
  const opened: boolean[] = [];
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
    const { ids } = idsOf(from);
    const sent: number[] = [];
    const request: Mutable<RecordedRequest> = {
      ids: Object.freeze([...ids]),
      maxTokens,
      sampling: Object.freeze({ ...sampling }),
      nativeBudget,
      at: clock.now(),
      sent,
      sentTokens: 0,
      aborted: signal.aborted,
      left: false,
    };
    const steps = typeof scripts === 'function' ? scripts : scripts[requests.length];
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
          request.sentTokens += step.counted?.tokens ?? step.ids.length;
          if (request.sentTokens > maxTokens)
            throw complain(`a script is longer than the ${maxTokens} tokens asked for`);
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

  const { afterLine, elsewhere } = facts.family.closer;
  const closer = { afterLine: tokens.encode(afterLine), elsewhere: tokens.encode(elsewhere) };
  const session: Session = {
    facts,
    render: (question, options) => {
      rendered.push(options.thinking);
      return script.render?.(question, options) ?? Promise.resolve(prompt);
    },
    generate,
    decode: (ids, call) => {
      decoded.push(Object.freeze([...ids]));
      return script.decode?.(ids, call) ?? Promise.resolve(tokens.decode(ids));
    },
    extend: (from, kept) => extendIds(idsOf(from), kept, { closer, encode: async (text) => tokens.encode(text) }),
    ...(script.load === undefined ? {} : { load: script.load }),
  };
  return {
    ...session,
    requests,
    opened,
    rendered,
    decoded,
    closer,
    open: (call) => {
      opened.push(call.fresh === true);
      return script.open?.(call) ?? Promise.resolve(session);
    },
    close: () => Promise.resolve(),
    expectAllUsed: () => {
      if (typeof scripts !== 'function' && requests.length < scripts.length) {
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

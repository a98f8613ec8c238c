/** A model in this process: loaded on first use, in a worker thread, one generation at a time. */
import PQueue from 'p-queue';
import {
  ConfigError,
  EngineProtocolError,
  EngineUnsupportedError,
  InvariantError,
  ThinkmeterError,
} from '../../errors.ts';
import { detectFamily, encodeCloser } from '../../prompt/detect.ts';
import { familyByName, withSampling, type Sampling } from '../../prompt/family.ts';
import { render, type Codec } from '../../prompt/render.ts';
import { isTurn, type Beginning, type CallOptions, type Engine, type Facts, type Limits } from '../engine.ts';
import type { Loading, Piece, Prompt } from '../engine.ts';
import { untilAborted } from '../shared-wait.ts';
import { Channel } from './channel.ts';
import { findModel } from './files.ts';
import { Thread, WorkerError } from './thread.ts';

export type EmbeddedOptions = {
  /** a folder, or a model of the hub */
  readonly model: string;
  /** as transformers.js names it (`q8`, `q4`, `fp32`, …); default: what the folder holds, `q8` from the hub */
  readonly dtype?: string;
  /** where models of the hub are loaded from */
  readonly hub?: string;
  readonly sampling?: Sampling;
  /** the built worker file */
  readonly worker: URL;
};

export function createEmbeddedEngine(options: EmbeddedOptions): Engine {
  const thread = new Thread(options.worker);
  // first come, first served: one thread computes one token after the other anyway
  const turns = new PQueue({ concurrency: 1 });
  const listeners = new Set<Loading>();
  thread.onLoading = (message) => listeners.forEach((listener) => listener({ message: `loading ${message}` }));
  thread.onEnd = () => (known = undefined);
  /** of the generations under way: set to 1, each stops before its next token */
  const stops = new Set<Int32Array>();
  let known: Promise<Facts> | undefined;

  const codec: Codec = {
    template: (messages, templateArguments) => thread.call('template', { messages, templateArguments }),
    encode: (text) => thread.call('encode', { text }),
    decode: (ids) => thread.call('decode', { ids }),
  };

  const load = async (): Promise<Facts> => {
    const { name, source, dtype } = findModel(options.model, options.dtype);
    const { window } = await thread.call('load', { source, dtype, hub: options.hub }).catch((error: unknown) => {
      throw toFault(error, options.model);
    });
    const family = withSampling(familyByName(name) ?? (await detectFamily(codec)), options.sampling);
    const closerIds = await encodeCloser(family, codec);
    return {
      engine: 'embedded',
      model: name,
      window,
      family,
      closerIds,
      server: name,
      prefixCaching: true,
      countedBy: 'ids',
    };
  };

  const describe = async ({ signal, loading }: CallOptions): Promise<Facts> => {
    if (loading !== undefined) listeners.add(loading);
    try {
      if (known === undefined) {
        known = load();
        known.catch(() => (known = undefined));
      }
      return await untilAborted(known, signal);
    } finally {
      if (loading !== undefined) listeners.delete(loading);
    }
  };

  return {
    describe,

    async render(question, thinking, call): Promise<Prompt> {
      const { family } = await describe(call);
      return render(question, family, thinking, codec);
    },

    async *generate(from, { maxTokens, sampling }: Limits, call): AsyncGenerator<Piece> {
      const ids = idsOf(from);
      await describe(call);
      const { signal } = call;
      const stop = new Int32Array(new SharedArrayBuffer(4));
      stops.add(stop);
      const halt = (): void => void Atomics.store(stop, 0, 1);
      signal.addEventListener('abort', halt, { once: true });
      const pieces = new Channel<Piece>();
      const onToken = (id: number, text: string): void => pieces.push({ ids: [id], text });
      turns
        .add(() => thread.call('generate', { ids, maxTokens, sampling, stop }, onToken), { signal })
        .then(
          (raw) => {
            pieces.push({ ids: [], text: '', finish: { raw, unified: raw === 'abort' ? 'other' : raw } });
            pieces.end();
          },
          (error: unknown) => pieces.fail(error instanceof WorkerError ? toBreakdown(error) : error),
        );
      try {
        for await (const piece of pieces) {
          signal.throwIfAborted();
          yield piece;
        }
      } finally {
        halt();
        stops.delete(stop);
        signal.removeEventListener('abort', halt);
      }
    },

    async decode(ids, call): Promise<string> {
      await describe(call);
      return codec.decode(ids);
    },

    async encode(text, call): Promise<readonly number[]> {
      await describe(call);
      return codec.encode(text);
    },

    async close(): Promise<void> {
      turns.clear();
      for (const stop of stops) Atomics.store(stop, 0, 1);
      await thread.close();
    },
  };
}

/** What `render` gave out. */
function idsOf(from: Beginning): readonly number[] {
  if (isTurn(from)) throw new InvariantError('the embedded engine goes on from token ids only');
  return from;
}

function toBreakdown(error: WorkerError): EngineProtocolError {
  return new EngineProtocolError(`the model broke down while generating: ${error.message.slice(0, 200)}`, {
    hint: 'ask again, with less text if the memory was not enough',
    cause: error,
  });
}

/** What keeps a model from loading, in words for the person who can mend it. */
function toFault(error: unknown, model: string): unknown {
  if (error instanceof ThinkmeterError || !(error instanceof WorkerError)) return error;
  if (error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('@huggingface/transformers')) {
    return new EngineUnsupportedError(
      'the embedded engine needs the package @huggingface/transformers, which is not installed',
      {
        hint: 'install it beside thinkmeter: ONNXRUNTIME_NODE_INSTALL=skip npm install @huggingface/transformers@4.3.1',
        cause: error,
      },
    );
  }
  return new ConfigError(`the model ${model} does not load: ${error.message.slice(0, 200)}`, {
    hint: 'set THINKMETER_MODEL to a folder with an ONNX model, or to a hub id that this machine can reach, and THINKMETER_DTYPE to what it holds',
    cause: error,
  });
}

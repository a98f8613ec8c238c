/** A model in this process, loaded in a worker thread on first use. It runs one generation at a time. */
import PQueue from 'p-queue';
import { ConfigError, EngineProtocolError, EngineUnsupportedError, ThinkmeterError } from '../../errors.ts';
import { detectFamily, encodeCloser } from '../../prompt/detect.ts';
import { familyByName } from '../../prompt/families.ts';
import { withSampling, type Closer, type Sampling } from '../../prompt/family.ts';
import type { Codec } from '../../prompt/codec.ts';
import { render } from '../../prompt/render.ts';
import type { CallOptions, Engine, Facts, Loading, OpenOptions, Piece, Session } from '../engine.ts';
import { extendIds, idsOf, longest, toPrompt } from '../token-ids.ts';
import { untilAborted } from '../../wait.ts';
import { Channel } from './channel.ts';
import { findModel } from './files.ts';
import type { Generate, OnToken } from './protocol.ts';
import { Thread, WorkerError } from './thread.ts';

export type EmbeddedOptions = {
  /** a folder, or the id of a model on the hub */
  readonly model: string;
  /** transformers.js's name (`q8`, `q4`, `fp32`, …); default: the folder's format, or `q8` from the hub */
  readonly dtype?: string;
  /** address of the hub */
  readonly hub?: string;
  readonly sampling?: Sampling;
  /** default: transformers.js, which knows many kinds of models but is a package of its own */
  readonly library?: 'onnxruntime' | 'transformers';
  /** the built worker file */
  readonly worker: URL;
};

/** Facts that are known after loading. */
type Loaded = { readonly facts: Facts; readonly closer: Closer<readonly number[]> };

export function createEmbeddedEngine(options: EmbeddedOptions): Engine {
  const thread = new Thread(options.worker);
  // first come, first served: the worker thread computes one token at a time
  const slot = new PQueue({ concurrency: 1 });
  const listeners = new Set<Loading>();
  thread.onLoading = (message) => listeners.forEach((listener) => listener({ message: `loading ${message}` }));
  thread.onEnd = () => (known = undefined);
  /** stop flags of the running generations: a generation whose flag is 1 stops before its next token */
  const stops = new Set<Int32Array>();
  let known: Promise<Loaded> | undefined;

  const codec: Codec = {
    template: (messages, templateArguments) => thread.call('template', { messages, templateArguments }),
    encode: (text) => thread.call('encode', { text }),
    decode: (ids) => thread.call('decode', { ids }),
  };

  const load = async (): Promise<Loaded> => {
    const { name, source, dtype } = findModel(options.model, options.dtype);
    const { window } = await thread
      .call('load', { library: options.library ?? 'transformers', source, dtype, hub: options.hub })
      .catch((error: unknown) => {
        throw toLoadError(error, options.model);
      });
    const family = withSampling(familyByName(name) ?? (await detectFamily(codec)), options.sampling);
    const closer = await encodeCloser(family, codec);
    const facts = {
      engine: 'embedded',
      model: name,
      window,
      family,
      closerTokens: longest(closer),
      server: name,
      prefixCaching: true,
      countedBy: 'ids',
      margins: true,
    } as const;
    return { facts, closer };
  };

  const loaded = async ({ signal, loading }: OpenOptions): Promise<Loaded> => {
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

  async function* generate(
    ids: readonly number[],
    { maxTokens, sampling, endId }: Pick<Generate, 'maxTokens' | 'sampling' | 'endId'>,
    { signal }: CallOptions,
  ): AsyncGenerator<Piece> {
    signal.throwIfAborted();
    // if the thread has ended since the session was opened, the model must be loaded again
    await loaded({ signal });
    const stop = new Int32Array(new SharedArrayBuffer(4));
    stops.add(stop);
    const pieces = new Channel<Piece>();
    const halt = (): void => {
      Atomics.store(stop, 0, 1);
      pieces.fail(signal.reason);
    };
    signal.addEventListener('abort', halt, { once: true });
    const onToken: OnToken = (id, text, margin) =>
      pieces.push({ ids: [id], text, ...(margin !== undefined && { margins: [margin] }) });
    // even after an abort the slot is kept until the thread has stored its cache, which the next generation uses
    const inSlot = async (): Promise<'stop' | 'length' | 'abort'> => {
      signal.throwIfAborted();
      return thread.call('generate', { ids, maxTokens, sampling, endId, stop }, onToken);
    };
    slot.add(inSlot).then(
      (raw) => {
        pieces.push({ ids: [], text: '', finish: { raw, unified: raw === 'abort' ? 'other' : raw } });
        pieces.end();
      },
      (error: unknown) => pieces.fail(error instanceof WorkerError ? toGenerationError(error) : error),
    );
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        yield piece;
      }
    } finally {
      Atomics.store(stop, 0, 1);
      stops.delete(stop);
      signal.removeEventListener('abort', halt);
    }
  }

  const ready = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    await loaded({ signal });
    return untilAborted(work(), signal);
  };

  const toSession = ({ facts, closer }: Loaded): Session => ({
    facts,
    render: async (question, { thinking, signal }) =>
      toPrompt(await ready(signal, () => render(question, facts.family, thinking, codec))),
    generate: (from, { margins, ...limits }, call) =>
      generate(idsOf(from).ids, { ...limits, endId: margins === true ? closer.afterLine[0] : undefined }, call),
    extend: (from, kept, { signal }) =>
      ready(signal, () => extendIds(idsOf(from), kept, { closer, encode: (text) => codec.encode(text) })),
    decode: (ids, { signal }) => ready(signal, () => codec.decode(ids)),
  });

  return {
    open: async (call) => toSession(await loaded(call)),

    async close(): Promise<void> {
      for (const stop of stops) Atomics.store(stop, 0, 1);
      await thread.close();
    },
  };
}

function toGenerationError(error: WorkerError): EngineProtocolError {
  return new EngineProtocolError(`the embedded model failed while generating: ${error.message.slice(0, 200)}`, {
    hint: 'call again, with less text if memory ran out',
    cause: error,
  });
}

/** Turns a failure to load the model into an error for the operator. */
function toLoadError(error: unknown, model: string): unknown {
  if (error instanceof ThinkmeterError || !(error instanceof WorkerError)) return error;
  if (error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes('@huggingface/transformers')) {
    return new EngineUnsupportedError(
      'the embedded engine needs the package @huggingface/transformers, which is not installed',
      {
        hint: 'install it next to thinkmeter: ONNXRUNTIME_NODE_INSTALL=skip npm install @huggingface/transformers@4.3.1',
        cause: error,
      },
    );
  }
  return new ConfigError(`the model ${model} could not be loaded: ${error.message.slice(0, 200)}`, {
    hint: 'set THINKMETER_MODEL to a folder with an ONNX model, or to a hub id that this machine can reach, and THINKMETER_DTYPE to a format that the model has',
    cause: error,
  });
}

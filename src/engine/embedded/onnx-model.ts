/**
 * A decoder with a key-value cache, in the ONNX layout of Hugging Face Optimum, run by onnxruntime without
 * transformers.js. The demo model runs here, so that it needs no other package. Batch size 1.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { EngineUnsupportedError } from '../../errors.ts';
import { readFolderCodec, type FolderCodec } from '../folder-codec.ts';
import { marginOf } from './margin.ts';
import type { Model } from './model.ts';
import type { Generate, OnToken } from './protocol.ts';
import type { InferenceSession, Runtime, Tensor } from './runtime.ts';
import { chooseToken } from './sampler.ts';
import { sharedBeginning, TokenText } from './token-text.ts';

const config = z.looseObject({
  max_position_embeddings: z.int(),
  num_key_value_heads: z.int(),
  head_dim: z.int(),
});

const ids = z.union([z.int().transform((id) => [id]), z.array(z.int())]);
const generationConfig = z.looseObject({ eos_token_id: ids });

/** Keys and values of all layers, each of the shape [1, heads, tokens, head size], by the name of their input. */
type Cache = Readonly<Record<string, Tensor>>;

type Files = {
  readonly codec: FolderCodec;
  readonly config: z.infer<typeof config>;
  readonly endIds: readonly number[];
};

export class OnnxModel implements Model {
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;
  readonly #files: Files;
  #cache: Cache;
  /** the ids from which the cache was computed */
  #cachedIds: readonly number[] = [];

  private constructor(runtime: Runtime, session: InferenceSession, files: Files) {
    this.#runtime = runtime;
    this.#session = session;
    this.#files = files;
    this.#cache = this.#emptyCache();
  }

  /** `file`: the path of the graph within the folder. @throws {EngineUnsupportedError} if the graph has other inputs */
  static async load(runtime: Runtime, folder: string, file: string): Promise<OnnxModel> {
    const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const session = await runtime.create(join(folder, file));
    const strange = session.inputNames.find((name) => !(name in STEP_INPUTS) && !isCache(name));
    if (strange !== undefined) {
      throw new EngineUnsupportedError(`the model in ${folder} has an input ${strange}, which is not known here`, {
        hint: 'set THINKMETER_ENGINE=embedded and THINKMETER_MODEL to this folder',
      });
    }
    return new OnnxModel(runtime, session, {
      codec: readFolderCodec(folder),
      config: config.parse(read('config.json')),
      endIds: generationConfig.parse(read('generation_config.json')).eos_token_id,
    });
  }

  get window(): number {
    return this.#files.config.max_position_embeddings;
  }

  template(...[messages, templateArguments]: Parameters<Model['template']>): readonly number[] {
    return this.#files.codec.template(messages, templateArguments);
  }

  encode(text: string): readonly number[] {
    return this.#files.codec.encode(text);
  }

  decode(tokens: readonly number[]): string {
    return this.#files.codec.decode(tokens);
  }

  async generate(
    { ids: prompt, maxTokens, sampling, endId, stop }: Generate,
    onToken: OnToken,
  ): Promise<'stop' | 'length' | 'abort'> {
    // the model must read at least one token to predict the next
    const shared = Math.min(sharedBeginning(prompt, this.#cachedIds), prompt.length - 1);
    this.#keep(shared);
    const text = new TokenText((tokens) => this.decode(tokens), prompt.at(-1));
    let unread = prompt.slice(shared);
    for (let count = 0; count < maxTokens; count++) {
      if (Atomics.load(stop, 0) !== 0) return 'abort';
      // oxlint-disable-next-line no-await-in-loop -- each token follows from the one before it
      const logits = await this.#read(unread);
      const id = sampling.temperature === 0 ? highest(logits) : chooseToken(logits, sampling);
      const isEnd = this.#files.endIds.includes(id);
      onToken(id, isEnd ? '' : text.next(id), endId === undefined ? undefined : marginOf(logits, id, endId));
      if (isEnd) return 'stop';
      unread = [id];
    }
    return 'length';
  }

  /** Reads tokens after those in the cache. Returns the logits of the next token. */
  async #read(tokens: readonly number[]): Promise<Float32Array> {
    const before = this.#cachedIds.length;
    const inputs = Object.entries(STEP_INPUTS).filter(([name]) => this.#session.inputNames.includes(name));
    const feeds = Object.fromEntries(
      inputs.map(([name, toValue]) => {
        const { values, shape } = toValue(tokens, before);
        return [name, new this.#runtime.Tensor('int64', BigInt64Array.from(values, BigInt), shape)];
      }),
    );
    const results = await this.#session.run({ ...feeds, ...this.#cache });
    this.#cache = Object.fromEntries(
      Object.keys(this.#cache).map((name) => [name, resultOf(results, name.replace('past_key_values', 'present'))]),
    );
    this.#cachedIds = [...this.#cachedIds, ...tokens];
    const { data, dims } = resultOf(results, 'logits');
    return (data as Float32Array).subarray(-(dims.at(-1) ?? 0));
  }

  /** Cuts the cache to its first tokens. */
  #keep(tokens: number): void {
    if (tokens === this.#cachedIds.length) return;
    this.#cachedIds = this.#cachedIds.slice(0, tokens);
    this.#cache = Object.fromEntries(
      Object.entries(this.#cache).map(([name, tensor]) => [name, this.#cut(tensor, tokens)]),
    );
  }

  #cut({ data, dims }: Tensor, tokens: number): Tensor {
    const [, heads = 0, length = 0, size = 0] = dims;
    const kept = new Float32Array(heads * tokens * size);
    for (let head = 0; head < heads; head++) {
      const from = head * length * size;
      kept.set((data as Float32Array).subarray(from, from + tokens * size), head * tokens * size);
    }
    return new this.#runtime.Tensor('float32', kept, [1, heads, tokens, size]);
  }

  #emptyCache(): Cache {
    const { num_key_value_heads: heads, head_dim: size } = this.#files.config;
    const empty = (): Tensor => new this.#runtime.Tensor('float32', new Float32Array(0), [1, heads, 0, size]);
    return Object.fromEntries(this.#session.inputNames.filter(isCache).map((name) => [name, empty()]));
  }
}

type StepInput = (tokens: readonly number[], before: number) => { values: readonly number[]; shape: readonly number[] };

/** The inputs of one step, beside the cache. `before`: tokens in the cache. */
const STEP_INPUTS: Readonly<Record<string, StepInput>> = {
  input_ids: (tokens) => ({ values: tokens, shape: [1, tokens.length] }),
  attention_mask: (tokens, before) => {
    const length = before + tokens.length;
    return { values: Array.from({ length }, () => 1), shape: [1, length] };
  },
  position_ids: (tokens, before) => ({ values: tokens.map((_, index) => before + index), shape: [1, tokens.length] }),
  // only the last token's logits are needed
  num_logits_to_keep: () => ({ values: [1], shape: [] }),
};

function isCache(input: string): boolean {
  return input.startsWith('past_key_values.');
}

function resultOf(results: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const result = results[name];
  if (result === undefined) throw new EngineUnsupportedError(`the model has no output ${name}`);
  return result;
}

function highest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] ?? 0) > (logits[best] ?? 0)) best = id;
  return best;
}

/** A transformers.js model in this thread: template, tokenizer, and generation with a cache kept between calls. */
import { availableParallelism } from 'node:os';
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  DynamicCache,
  StoppingCriteria,
  Tensor,
  env,
  type DataType,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  BaseStreamer,
} from '@huggingface/transformers';
import type { Sampling, TemplateArguments } from '../../prompt/family.ts';
import type { PlainMessage } from '../../prompt/codec.ts';
import { toChoice, Watch } from './choice.ts';
import type { Model } from './model.ts';
import type { Generate, Load, OnToken } from './protocol.ts';
import { sharedBeginning, TokenText } from './token-text.ts';

/** One core stays free: on two busy cores, two threads were measured slower than one (onnxruntime-node 1.30). */
const THREADS = Math.max(1, availableParallelism() - 1);

/** Used if the model's configuration does not contain a window. */
const LEAST_WINDOW = 2048;

export class TransformersModel implements Model {
  readonly #model: PreTrainedModel;
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #endIds: readonly number[];
  readonly #defaults: Sampling;
  readonly window: number;
  /** the ids from which the cache was computed */
  #cachedIds: readonly number[] = [];
  #cache: DynamicCache | undefined;

  private constructor(model: PreTrainedModel, tokenizer: PreTrainedTokenizer) {
    this.#model = model;
    this.#tokenizer = tokenizer;
    const end = model.generation_config?.eos_token_id ?? [];
    this.#endIds = Array.isArray(end) ? end : [end];
    this.#defaults = ownSampling(model);
    this.window = (model.config as { max_position_embeddings?: number }).max_position_embeddings ?? LEAST_WINDOW;
  }

  static async load({ source, dtype, hub }: Load, loading: (message: string) => void): Promise<TransformersModel> {
    if (source.kind === 'folder') {
      env.allowRemoteModels = false;
      env.localModelPath = source.parent;
    }
    if (hub !== undefined) env.remoteHost = hub.replace(/\/*$/, '/');
    const name = source.kind === 'folder' ? source.name : source.id;
    const progress_callback = (event: { status: string; file?: string; progress?: number }): void => {
      if (event.status === 'progress') loading(`${event.file ?? name} ${Math.floor(event.progress ?? 0)} %`);
    };
    const tokenizer = await AutoTokenizer.from_pretrained(name, { progress_callback });
    const session_options = { intraOpNumThreads: THREADS };
    const model = await AutoModelForCausalLM.from_pretrained(name, {
      dtype: dtype as DataType,
      progress_callback,
      session_options,
    });
    return new TransformersModel(model, tokenizer);
  }

  template(messages: readonly PlainMessage[], templateArguments: TemplateArguments): readonly number[] {
    const options = {
      add_generation_prompt: true,
      tokenize: true,
      return_tensor: false,
      return_dict: false,
      ...templateArguments,
    };
    return this.#tokenizer.apply_chat_template([...messages], options) as number[];
  }

  encode(text: string): readonly number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false });
  }

  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  }

  async generate(
    { ids, maxTokens, sampling, endId, stop }: Generate,
    onToken: OnToken,
  ): Promise<'stop' | 'length' | 'abort'> {
    const cache = this.#cacheFor(ids);
    const generated: number[] = [];
    const watch = endId === undefined ? undefined : new Watch(endId);
    const text = new TokenText((tokens) => this.decode(tokens), ids.at(-1));
    const failed = await this.#model
      .generate({
        inputs: toTensor(ids),
        attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
        past_key_values: cache,
        max_new_tokens: maxTokens,
        eos_token_id: [...this.#endIds],
        ...toChoice({ ...this.#defaults, ...sampling }, watch),
        stopping_criteria: new StopOnFlag(stop),
        streamer: new Tap((id) => {
          generated.push(id);
          onToken(id, this.#endIds.includes(id) ? '' : text.next(id), watch?.marginOf(id));
        }),
      } as unknown as Parameters<PreTrainedModel['generate']>[0])
      .then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
    if (failed !== undefined) {
      this.#forget();
      throw failed.error;
    }
    // the cache does not contain the last token: the model has chosen it, but not read it
    this.#cachedIds = [...ids, ...generated].slice(0, -1);
    this.#cache = cache;
    if (this.#endIds.includes(generated.at(-1) ?? -1)) return 'stop';
    return generated.length >= maxTokens ? 'length' : 'abort';
  }

  /** The cache of the last call, cut to the beginning that these ids share with it; or an empty cache. */
  #cacheFor(ids: readonly number[]): DynamicCache {
    const cache = this.#cache;
    // the model must read at least one token to predict the next
    const shared = Math.min(sharedBeginning(ids, this.#cachedIds), ids.length - 1);
    this.#forget();
    if (cache === undefined || shared === 0) return new DynamicCache();
    if (cache.get_seq_length() === shared) return cache;
    const tensors = Object.entries(cache as unknown as Record<string, Tensor>);
    // the state of a Mamba layer is not stored by position, so it cannot be cut
    if (!tensors.every(([name]) => name.startsWith('past_key_values.'))) return new DynamicCache();
    return new DynamicCache(
      Object.fromEntries(tensors.map(([name, tensor]) => [name, tensor.slice(null, null, [0, shared], null)])),
    );
  }

  #forget(): void {
    this.#cache = undefined;
    this.#cachedIds = [];
  }
}

function toTensor(ids: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
}

/** Sampling from the model's own files: the default that a server would use for fields that the family leaves out. */
function ownSampling({ generation_config: own }: PreTrainedModel): Sampling {
  if (own?.do_sample !== true) return { temperature: 0 };
  return { temperature: own.temperature ?? 1, topP: own.top_p ?? 1 };
}

class StopOnFlag extends StoppingCriteria {
  readonly #stop: Int32Array;

  constructor(stop: Int32Array) {
    super();
    this.#stop = stop;
  }

  override _call(rows: number[][]): boolean[] {
    return rows.map(() => Atomics.load(this.#stop, 0) !== 0);
  }
}

/** Passes generated tokens on. transformers.js gives a streamer the prompt first, which is skipped. */
class Tap extends BaseStreamer {
  #prompt = true;
  readonly #onToken: (id: number) => void;

  constructor(onToken: (id: number) => void) {
    super();
    this.#onToken = onToken;
  }

  override put(value: bigint[][]): void {
    if (!this.#prompt) for (const id of value[0] ?? []) this.#onToken(Number(id));
    this.#prompt = false;
  }

  override end(): void {
    this.#prompt = true;
  }
}

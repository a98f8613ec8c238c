/** A model in this thread, through transformers.js: template, tokenizer, generation on a cache that is kept. */
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
import type { Sampling } from '../../prompt/family.ts';
import type { PlainMessage } from '../../prompt/render.ts';
import { toChoice } from './choice.ts';
import type { Generate, Load } from './protocol.ts';

const HALF_CHARACTER = '\uFFFD';

/** One core is left to the rest: measured, two threads on two busy cores are slower than one (onnxruntime-node 1.30). */
const THREADS = Math.max(1, availableParallelism() - 1);

/** Where a configuration does not say it. */
const LEAST_WINDOW = 2048;

export class LocalModel {
  readonly #model: PreTrainedModel;
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #endIds: readonly number[];
  readonly #defaults: Sampling;
  readonly window: number;
  /** what the cache was computed from */
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

  static async load({ source, dtype, hub }: Load, loading: (message: string) => void): Promise<LocalModel> {
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
    return new LocalModel(model, tokenizer);
  }

  template(messages: readonly PlainMessage[], templateArguments: Readonly<Record<string, boolean>>): readonly number[] {
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
    { ids, maxTokens, sampling, stop }: Generate,
    onToken: (id: number, text: string) => void,
  ): Promise<'stop' | 'length' | 'abort'> {
    const cache = this.#cacheFor(ids);
    const generated: number[] = [];
    // what the tokenizer makes of a piece may hang on the one before it, so that one is decoded along
    let before = ids.at(-1);
    let pending: number[] = [];
    const toText = (id: number): string => {
      pending.push(id);
      const context = before === undefined ? [] : [before];
      const text = this.decode([...context, ...pending]).slice(this.decode(context).length);
      if (text.endsWith(HALF_CHARACTER)) return '';
      pending = [];
      before = id;
      return text;
    };
    const failed = await this.#model
      .generate({
        inputs: toTensor(ids),
        attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
        past_key_values: cache,
        max_new_tokens: maxTokens,
        eos_token_id: [...this.#endIds],
        ...toChoice({ ...this.#defaults, ...sampling }),
        stopping_criteria: new StopWhenAsked(stop),
        streamer: new Tap((id) => {
          generated.push(id);
          onToken(id, this.#endIds.includes(id) ? '' : toText(id));
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
    // the last token has been chosen, but not been read by the model yet
    this.#cachedIds = [...ids, ...generated].slice(0, -1);
    this.#cache = cache;
    if (this.#endIds.includes(generated.at(-1) ?? -1)) return 'stop';
    return generated.length >= maxTokens ? 'length' : 'abort';
  }

  /** The last cache, cut to the longest beginning that these ids share with it; or an empty one. */
  #cacheFor(ids: readonly number[]): DynamicCache {
    const cache = this.#cache;
    // at least one token has to be read for there to be a next one
    const shared = Math.min(sharedBeginning(ids, this.#cachedIds), ids.length - 1);
    this.#forget();
    if (cache === undefined || shared === 0) return new DynamicCache();
    if (cache.get_seq_length() === shared) return cache;
    const tensors = Object.entries(cache as unknown as Record<string, Tensor>);
    // a state that is not laid out by position, as of a Mamba layer, cannot be taken back
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

function sharedBeginning(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((id, index) => id !== b[index]);
  return differs === -1 ? Math.min(a.length, b.length) : differs;
}

function toTensor(ids: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
}

/** What the model's own files say, as a server would take it where the family says nothing. */
function ownSampling({ generation_config: own }: PreTrainedModel): Sampling {
  if (own?.do_sample !== true) return { temperature: 0 };
  return { temperature: own.temperature ?? 1, topP: own.top_p ?? 1 };
}

class StopWhenAsked extends StoppingCriteria {
  readonly #stop: Int32Array;

  constructor(stop: Int32Array) {
    super();
    this.#stop = stop;
  }

  override _call(rows: number[][]): boolean[] {
    return rows.map(() => Atomics.load(this.#stop, 0) !== 0);
  }
}

/** The first that a streamer is given is the prompt. */
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

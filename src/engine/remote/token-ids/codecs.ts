/** A model's template and tokenizer, through its server's endpoints. */
import type { Codec } from '../../../prompt/codec.ts';
import type { RemoteClient } from '../http/client.ts';
import type { Dialect } from '../server/dialect.ts';
import { applied, detokenized, tokenized } from '../http/wire.ts';

export type ServerCodec = Codec & {
  /** the context window, if the tokenizer reports one */
  window(): Promise<number | undefined>;
};

type Target = { readonly client: RemoteClient; readonly model: string; readonly signal: AbortSignal };

export const SERVER_CODECS: Record<NonNullable<Dialect['tokenizer']>, (place: Target) => ServerCodec> = {
  vllm: vllmCodec,
  'llama.cpp': llamaCodec,
};

/** vLLM, and SGLang since 2026. */
function vllmCodec({ client, model, signal }: Target): ServerCodec {
  // without `add_special_tokens: false` the tokens of a text would begin with `<s>`
  const tokenize = (prompt: string) =>
    client.post('/tokenize', tokenized, { model, prompt, add_special_tokens: false }, signal);
  return {
    template: async (messages, templateArguments) => {
      const body = { model, messages, add_generation_prompt: true, chat_template_kwargs: templateArguments };
      return (await client.post('/tokenize', tokenized, body, signal)).tokens;
    },
    encode: async (text) => (await tokenize(text)).tokens,
    // SGLang omits special tokens unless the request sets `skip_special_tokens: false`
    decode: (tokens) => client.post('/detokenize', detokenized, { model, tokens, skip_special_tokens: false }, signal),
    window: async () => (await tokenize('x')).max_model_len ?? undefined,
  };
}

/**
 * llama.cpp needs two requests: the template returns text, and the tokenizer turns the text into ids. Its router mode refuses
 * requests without `model` (SillyTavern/SillyTavern#4962); a server of one model ignores the field.
 */
function llamaCodec({ client, model, signal }: Target): ServerCodec {
  const encode = async (content: string): Promise<readonly number[]> => {
    const body = { model, content, add_special: false, parse_special: true };
    return (await client.post('/tokenize', tokenized, body, signal)).tokens;
  };
  return {
    template: async (messages, templateArguments) => {
      const body = { model, messages, chat_template_kwargs: templateArguments };
      return encode((await client.post('/apply-template', applied, body, signal)).prompt);
    },
    encode,
    decode: (tokens) => client.post('/detokenize', detokenized, { model, tokens }, signal),
    window: () => Promise.resolve(undefined),
  };
}

/** The largest number of cached values. */
const MOST = 512;
/** Longer keys, such as whole documents, rarely repeat and are not cached. */
const LONGEST = 256;

/** A cache for results that never change for a tokenizer. The least recently used entry is evicted. */
export class Memo<T> {
  readonly #answers = new Map<string, T>();

  /** Returns the cached value, or calls `compute` and caches its result. Failures are not cached. */
  async get(key: string, compute: () => Promise<T>): Promise<T> {
    if (key.length > LONGEST) return compute();
    const kept = this.#answers.get(key);
    if (kept !== undefined) {
      // the map's insertion order is the order of use
      this.#answers.delete(key);
      this.#answers.set(key, kept);
      return kept;
    }
    const answer = await compute();
    if (this.#answers.size >= MOST) this.#answers.delete(this.#answers.keys().next().value ?? key);
    this.#answers.set(key, answer);
    return answer;
  }
}

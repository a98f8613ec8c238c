/** Nemotron behind an address: vLLM or a relative, by token ids where they can be had. */
import { EngineHttpError, InvariantError } from '../../errors.ts';
import { TAIL_TOKENS, type Sampling } from '../../prompt/family.ts';
import { render, type Codec } from '../../prompt/render.ts';
import { escapeWarnings } from '../../prompt/turn.ts';
import { isTurn, type CallOptions, type Engine, type Facts, type Piece, type Prompt, type Turn } from '../engine.ts';
import { untilAborted } from '../shared-wait.ts';
import { parseAddress } from './address.ts';
import type { RemoteClient } from './client.ts';
import type { Description } from './describe.ts';
import type { LocalCodec } from './local-codec.ts';
import { Memo } from './memo.ts';

export type RemoteOptions = {
  /** with or without `/v1` */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** default: the first that the server lists */
  readonly model?: string;
  /** takes the place of the family's */
  readonly sampling?: Sampling;
  /** default: recognised */
  readonly dialect?: string;
  /** a folder with the model's tokenizer and chat template, in the place of the server's */
  readonly tokenizer?: string;
};

/** A server may be restarted with another model; what is known of it is asked again after this. */
const FACTS_EXPIRE_MS = 300_000;

/** Characters of a token, roughly: for prompts that nobody here can count. */
const CHARACTERS_OF_A_TOKEN = 4;

/** What is loaded with the first call, so that the program starts without it. */
type Loaded = {
  readonly client: RemoteClient;
  readonly local: LocalCodec | undefined;
  readonly describeServer: typeof import('./describe.ts').describeServer;
  readonly complete: typeof import('./completions.ts').complete;
  readonly chat: typeof import('./chat.ts').chat;
};

export function createRemoteEngine(options: RemoteOptions): Engine {
  const address = parseAddress(options.baseUrl);
  const { model, sampling, tokenizer } = options;
  const encoded = new Memo<readonly number[]>();
  const tails = new Memo<string>();
  const splits = { known: false };
  let loading: Promise<Loaded> | undefined;
  let known: { readonly asked: Promise<Description>; readonly expires: number; found?: Description } | undefined;

  const load = (): Promise<Loaded> => {
    loading ??= (async () => {
      const [{ RemoteClient: Client }, { describeServer }, { complete }, { chat }, local] = await Promise.all([
        import('./client.ts'),
        import('./describe.ts'),
        import('./completions.ts'),
        import('./chat.ts'),
        tokenizer === undefined ? undefined : import('./local-codec.ts').then((it) => it.loadLocalCodec(tokenizer)),
      ]);
      const client = new Client({ address, apiKey: options.apiKey });
      return { client, local, describeServer, complete, chat };
    })();
    // a folder may be put right meanwhile
    loading.catch(() => (loading = undefined));
    return loading;
  };

  const ask = async (): Promise<Description> => {
    const { client, local, describeServer } = await load();
    encoded.clear();
    tails.clear();
    splits.known = false;
    // asked on behalf of every call that waits for it: no single caller ends it
    const { signal } = new AbortController();
    return describeServer(client, { root: address.root, model, sampling, local, dialect: options.dialect }, signal);
  };

  const description = async ({ signal }: CallOptions): Promise<Description> => {
    if (known === undefined || known.expires < Date.now()) {
      const asking: typeof known = { asked: ask(), expires: Date.now() + FACTS_EXPIRE_MS };
      known = asking;
      asking.asked.then(
        (described) => (asking.found = described),
        // what failed is asked again by the next call
        () => (known = undefined),
      );
    }
    return known.found ?? untilAborted(known.asked, signal);
  };

  /** Remembers what is asked for again and again, and asks under the caller's signal. */
  const codecOf = async ({ facts, dialect, codec }: Description, { signal }: CallOptions): Promise<Codec> => {
    if (codec === undefined) throw new InvariantError('a server without a tokenizer was asked for token ids');
    const { client, local } = await load();
    if (local !== undefined) return local;
    const { SERVER_CODECS } = await import('./codecs.ts');
    const own = SERVER_CODECS[dialect.tokenizer ?? 'vllm']({ client, model: facts.model, signal });
    return {
      template: (messages, templateArguments) => own.template(messages, templateArguments),
      encode: (text) => encoded.get(text, () => own.encode(text)),
      // the tail of a prompt is nearly always the same
      decode: (ids) => (ids.length > TAIL_TOKENS ? own.decode(ids) : tails.get(ids.join(), () => own.decode(ids))),
    };
  };

  /** Another model may be served by now: the next call asks. */
  const forgetIfGone = (error: unknown): never => {
    if (error instanceof EngineHttpError && error.status === 404) known = undefined;
    throw error;
  };

  /** A question for a server that takes messages only. */
  const unrendered = async ({ facts }: Description, question: Turn['question'], thinking: boolean): Promise<Prompt> => {
    const { local } = await load();
    const text = [...question.system, ...question.user].map((part) => part.text).join('');
    const tokens = local?.count(text) ?? Math.ceil(text.length / CHARACTERS_OF_A_TOKEN);
    const turn = { question, thinking, tokens };
    return { ids: [], turn, thinking: 'none', tail: '', opened: 0, warnings: escapeWarnings(question, facts.family) };
  };

  return {
    describe: async (call): Promise<Facts> => (await description(call)).facts,

    async render(question, thinking, call): Promise<Prompt> {
      const described = await description(call);
      if (described.codec === undefined) return unrendered(described, question, thinking);
      const codec = await codecOf(described, call);
      return render(question, described.facts.family, thinking, codec).catch(forgetIfGone);
    },

    async *generate(from, limits, call): AsyncGenerator<Piece> {
      const [{ client, local, complete, chat }, described] = await Promise.all([load(), description(call)]);
      const { facts, dialect } = described;
      const base = { client, model: facts.model, dialect, signal: call.signal };
      try {
        if (isTurn(from)) {
          const count = local && { count: (text: string) => local.count(text) };
          yield* chat({ ...base, family: facts.family, splits, ...count }, from, limits);
        } else {
          const codec = await codecOf(described, call);
          yield* complete({ ...base, ...codec, countsHere: local !== undefined }, from, limits);
        }
      } catch (error) {
        forgetIfGone(error);
      }
    },

    async decode(ids, call): Promise<string> {
      return (await codecOf(await description(call), call)).decode(ids);
    },

    async encode(text, call): Promise<readonly number[]> {
      return (await codecOf(await description(call), call)).encode(text);
    },

    close: async () => (await loading)?.client.close(),
  };
}

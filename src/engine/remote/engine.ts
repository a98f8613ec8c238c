/** Nemotron behind an address: vLLM or a relative, by token ids where they can be had. */
import { EngineHttpError, EngineUnreachableError, EngineUnsupportedError, InvariantError } from '../../errors.ts';
import { TAIL_TOKENS, type Sampling } from '../../prompt/family.ts';
import { render, type Codec } from '../../prompt/render.ts';
import { escapeWarnings } from '../../prompt/turn.ts';
import { FactsChangedError, isTurn, type CallOptions, type Engine, type EngineStatus } from '../engine.ts';
import type { Facts, Load, Piece, Prompt, Turn } from '../engine.ts';
import { untilAborted } from '../shared-wait.ts';
import { switchWarnings } from './chat/switch.ts';
import type { LearntOfChat } from './chat/chat.ts';
import { createConnector, type ConnectionOptions } from './server/connection.ts';
import { countedHere } from './token-ids/counted.ts';
import type { Description } from './server/describe.ts';
import { Memo } from './token-ids/memo.ts';

export type RemoteOptions = ConnectionOptions & {
  /** default: the first that the server lists */
  readonly model?: string;
  /** takes the place of the family's */
  readonly sampling?: Sampling;
  /** default: recognised */
  readonly dialect?: string;
};

/** A server may be restarted with another model; what is known of it is asked again after this. */
const FACTS_EXPIRE_MS = 300_000;

/** Characters of a token, roughly: for prompts that nobody here can count. */
const CHARACTERS_OF_A_TOKEN = 4;

export function createRemoteEngine(options: RemoteOptions): Engine {
  const connector = createConnector(options);
  const encoded = new Memo<readonly number[]>();
  const tails = new Memo<string>();
  let learnt: LearntOfChat = { splits: false };
  /** it has no `/v1/completions` */
  let byMessages = false;
  let known: { readonly asked: Promise<Description>; readonly expires: number; found?: Description } | undefined;

  const ask = async (): Promise<Description> => {
    const [{ describeServer }, { client, address, discovered, local }] = await Promise.all([
      import('./server/describe.ts'),
      connector.connect(),
    ]);
    encoded.clear();
    tails.clear();
    learnt = { splits: false };
    const { sampling, dialect } = options;
    const wanted = {
      root: address.root,
      model: options.model ?? discovered?.model,
      sampling,
      local,
      dialect,
      byMessages,
    };
    // asked on behalf of every call that waits for it: no single caller ends it
    const { signal } = new AbortController();
    try {
      return await describeServer(client, wanted, signal);
    } catch (error) {
      connector.forget();
      if (options.baseUrl !== undefined || !(error instanceof EngineUnreachableError)) throw error;
      const { usualPorts } = await import('./server/discover.ts');
      const { hint = '' } = error;
      const message = `${error.message}, nor on the ports ${usualPorts()} of this machine`;
      throw new EngineUnreachableError(message, { hint, cause: error });
    }
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
  const codecOf = ({ codecFor }: Description, { signal }: CallOptions): Codec => {
    if (codecFor === undefined) throw new InvariantError('a server without a tokenizer was asked for token ids');
    const own = codecFor(signal);
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
  const asTurn = async (
    { facts, dialect }: Description,
    question: Turn['question'],
    thinking: boolean,
  ): Promise<Prompt> => {
    const { local } = await connector.connect();
    const text = [...question.system, ...question.user].map((part) => part.text).join('');
    const tokens = local?.count(text) ?? Math.ceil(text.length / CHARACTERS_OF_A_TOKEN);
    const turn = { question, thinking, tokens };
    const { family } = facts;
    const warnings = [...escapeWarnings(question, family), ...switchWarnings(family, dialect, thinking)];
    return { ids: [], turn, thinking: 'none', tail: '', opened: family.opensInPrompt ? 1 : 0, warnings };
  };

  return {
    describe: async (call): Promise<Facts> => (await description(call)).facts,

    async render(question, thinking, call): Promise<Prompt> {
      const described = await description(call);
      if (described.codecFor === undefined) return asTurn(described, question, thinking);
      return render(question, described.facts.family, thinking, codecOf(described, call)).catch(forgetIfGone);
    },

    async *generate(from, limits, call): AsyncGenerator<Piece> {
      const [{ client, local }, described] = await Promise.all([connector.connect(), description(call)]);
      const { facts, dialect } = described;
      const { signal } = call;
      const base = { client, model: facts.model, dialect, signal, ...countedHere(local) };
      try {
        if (isTurn(from)) {
          const { chat } = await import('./chat/chat.ts');
          yield* chat({ ...base, family: facts.family, learnt }, from, limits);
        } else {
          const { complete } = await import('./token-ids/completions.ts');
          yield* complete({ ...base, ...codecOf(described, call) }, from, limits);
        }
      } catch (error) {
        if (!isTurn(from) && error instanceof EngineUnsupportedError) {
          byMessages = true;
          known = undefined;
          throw new FactsChangedError(error.message, { cause: error });
        }
        forgetIfGone(error);
      }
    },

    async decode(ids, call): Promise<string> {
      return codecOf(await description(call), call).decode(ids);
    },

    async encode(text, call): Promise<readonly number[]> {
      return codecOf(await description(call), call).encode(text);
    },

    async status(call): Promise<EngineStatus> {
      const described = await description(call);
      const { client, address, discovered } = await connector.connect();
      const [{ toStatus }, { isLoaded }] = await Promise.all([
        import('./server/status.ts'),
        import('./server/loaded.ts'),
      ]);
      const chosen = options.baseUrl === undefined ? 'default' : 'set';
      const { dialect, facts } = described;
      const loaded = dialect.loads && (await isLoaded(client, dialect.loads, facts.model, call.signal));
      return toStatus(described, address.root, { chosen: discovered === undefined ? chosen : 'found', loaded });
    },

    async load(call): Promise<Load | undefined> {
      const [{ client }, { dialect }] = await Promise.all([connector.connect(), description(call)]);
      const { metricsPath, toLoad } = await import('./server/metrics.ts');
      const path = metricsPath(dialect);
      const text = path === undefined ? undefined : await client.look(path, call.signal);
      return text === undefined ? undefined : toLoad(text, dialect);
    },

    close: () => connector.close(),
  };
}

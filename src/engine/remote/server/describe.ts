/** Finds out what a server is and how it is best talked to: by ids where that can be had, else by messages. */
import { EngineHttpError, EngineProtocolError, EngineUnsupportedError, type ThinkmeterError } from '../../../errors.ts';
import { detectFamily, encodeCloser } from '../../../prompt/detect.ts';
import { familyByName, UNKNOWN_FAMILY, withSampling, type Sampling } from '../../../prompt/family.ts';
import type { CountedBy, Facts } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import { SERVER_CODECS, type ServerCodec } from '../token-ids/codecs.ts';
import { complete } from '../token-ids/completions.ts';
import { countedHere } from '../token-ids/counted.ts';
import { dialectOf, type Dialect } from './dialects.ts';
import type { LocalCodec } from '../token-ids/local-codec.ts';
import { probe, type Found } from './probe.ts';
import type { ServedModel } from '../http/wire.ts';

export type Wanted = {
  /** the server's address */
  readonly root: string;
  /** default: the first that the server lists */
  readonly model?: string | undefined;
  readonly sampling?: Sampling | undefined;
  /** default: recognised */
  readonly dialect?: string | undefined;
  /** it has been seen to have no completions */
  readonly byMessages: boolean;
  /** in the place of the server's tokenizer */
  readonly local?: LocalCodec | undefined;
};

/** All that is known of a server; what is found out once. */
export type Description = {
  readonly facts: Facts;
  readonly dialect: Dialect;
  readonly found: Found;
  /** the model's template and tokenizer; absent: this server is talked to by messages */
  readonly codecFor?: (signal: AbortSignal) => ServerCodec;
};

/** @throws {ThinkmeterError} when nothing can be asked there */
export async function describeServer(client: RemoteClient, wanted: Wanted, signal: AbortSignal): Promise<Description> {
  const { local } = wanted;
  const found = await probe(client, wanted.model !== undefined, signal);
  const dialect = dialectOf(found, wanted.dialect);
  const served = servedModel(found.models, wanted);
  const base = { client, dialect, found, served, wanted, signal };
  const codecFor = toCodec(local, dialect, { client, model: served.id });
  if (codecFor === undefined || dialect.completions === undefined || wanted.byMessages) return byMessages(base);
  try {
    return await byIds(base, codecFor);
  } catch (error) {
    if (!lacksSomething(error)) throw error;
    return byMessages(base);
  }
}

type CodecFor = NonNullable<Description['codecFor']>;

/** Ours, else that of the server. */
function toCodec(
  local: LocalCodec | undefined,
  { tokenizer }: Dialect,
  place: { readonly client: RemoteClient; readonly model: string },
): CodecFor | undefined {
  if (local !== undefined) return () => local;
  return tokenizer && ((signal) => SERVER_CODECS[tokenizer]({ ...place, signal }));
}

type Base = {
  readonly client: RemoteClient;
  readonly dialect: Dialect;
  readonly found: Found;
  readonly served: ServedModel;
  readonly wanted: Wanted;
  readonly signal: AbortSignal;
};

async function byIds(base: Base, codecFor: CodecFor): Promise<Description> {
  const { client, dialect, found, served, wanted, signal } = base;
  const codec = codecFor(signal);
  const named = nameOf(served) ?? (await detectFamily(codec));
  const family = withSampling(named, wanted.sampling);
  const closerIds = await encodeCloser(family, codec);
  // a server that does not say refuses what does not fit
  const window = windowOf(served, found) ?? (await codec.window()) ?? Infinity;
  // the two that are well known need no trial
  const wellKnown = dialect.name === 'vllm' || dialect.name === 'llama.cpp';
  const task = { client, model: served.id, dialect, signal, ...codec, ...countedHere(wanted.local) };
  const countedBy = wellKnown ? 'ids' : await triedCount(complete(task, await trialPrompt(codec), TRIAL));
  return { facts: { ...common(base, 'completions'), window, family, closerIds, countedBy }, dialect, found, codecFor };
}

function byMessages(base: Base): Description {
  const { dialect, found, served, wanted } = base;
  const family = withSampling(nameOf(served) ?? UNKNOWN_FAMILY, wanted.sampling);
  const own: CountedBy = wanted.local === undefined ? 'estimate' : 'tokenizer';
  const facts: Facts = {
    ...common(base, 'chat'),
    window: windowOf(served, found) ?? Infinity,
    family,
    // a thought that is gone on from is closed in its message
    closerIds: { afterLine: [], elsewhere: [] },
    countedBy: dialect.chat.countsChunks ? 'usage' : own,
  };
  return { facts, dialect, found };
}

type Common = Pick<Facts, 'engine' | 'model' | 'server' | 'native' | 'prefixCaching'>;

function common({ dialect, found, served, wanted }: Base, road: 'completions' | 'chat'): Common {
  const { budget } = dialect;
  const there = budget !== undefined && (budget.on === 'both' || budget.on === road) && mayKnowIts(found, dialect);
  return {
    engine: 'vllm',
    model: served.id,
    server: [wanted.root, dialect.name, found.version, served.id, served.root].join(' '),
    ...(there && { native: { field: budget.field, countsPrompt: budget.countsPrompt } }),
    ...(found.prefixCaching !== undefined && { prefixCaching: found.prefixCaching }),
  };
}

/** vLLM has its field since 0.19 (vllm-project/vllm#20859); where `/openapi.json` is hidden the version is all there is. */
function mayKnowIts({ knowsBudget, version }: Found, { name }: Dialect): boolean {
  if (name !== 'vllm') return true;
  if (knowsBudget !== undefined) return knowsBudget;
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > 0 || minor >= 19;
}

const TRIAL = { maxTokens: 1, sampling: {} } as const;

function trialPrompt(codec: ServerCodec): Promise<readonly number[]> {
  return codec.template([{ role: 'user', content: 'x' }], {});
}

/** How the tokens of a real, tiny stream were counted. */
async function triedCount(pieces: ReturnType<typeof complete>): Promise<CountedBy> {
  for await (const { ids, counted } of pieces) {
    if (ids.length > 0) return 'ids';
    if (counted !== undefined && counted.tokens > 0) return counted.by;
  }
  return 'estimate';
}

function nameOf({ id, root }: ServedModel) {
  return familyByName(id) ?? familyByName(root ?? '');
}

/** Of llama.cpp's slots, before that of its model. */
function windowOf(served: ServedModel, { slotWindow, loadedWindows }: Found): number | undefined {
  return (
    slotWindow ??
    loadedWindows[served.id] ??
    served.max_model_len ??
    served.meta?.n_ctx ??
    served.context_length ??
    undefined
  );
}

function servedModel(models: Found['models'], { root, model: wanted }: Wanted): ServedModel {
  // a server that does not list its models is believed to serve what it is asked for
  if (models === undefined && wanted !== undefined) return { id: wanted };
  const served = wanted === undefined ? models?.[0] : models?.find(({ id }) => id === wanted);
  if (served !== undefined) return served;
  const list = models === undefined || models.length === 0 ? 'no model at all' : models.map(({ id }) => id).join(', ');
  throw new EngineHttpError(
    `the server at ${root} serves ${list}${wanted === undefined ? '' : `, not ${wanted}`}`,
    404,
    { hint: 'set THINKMETER_MODEL to a name that it serves' },
  );
}

/** Not there, or not in this form: another road may be. */
function lacksSomething(error: unknown): error is ThinkmeterError {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  return error instanceof EngineHttpError && [400, 404, 405, 422, 501].includes(error.status);
}

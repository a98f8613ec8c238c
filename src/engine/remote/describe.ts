/** Finds out what a server is, and chooses token mode if the server accepts token ids, else chat mode. */
import { EngineHttpError, EngineProtocolError, EngineTimeoutError, EngineUnsupportedError } from '../../errors.ts';
import { detectFamily, encodeCloser } from '../../prompt/detect.ts';
import { familyByName, UNKNOWN_FAMILY } from '../../prompt/families.ts';
import { withSampling, type Family, type Sampling } from '../../prompt/family.ts';
import { limit } from '../../wait.ts';
import { ConnectionLostError, type CountedBy, type Facts } from '../engine.ts';
import { longest } from '../token-ids.ts';
import type { RemoteClient } from './http/client.ts';
import type { ServedModel } from './http/wire.ts';
import { SERVER_CODECS, type ServerCodec } from './token-ids/codecs.ts';
import { complete } from './token-ids/completions.ts';
import type { LocalCodec } from './token-ids/local-codec.ts';
import { Seen, type TokenIds } from './token-ids/seen.ts';
import type { Dialect } from './server/dialect.ts';
import { ALL_POLLS, dialectNamed, recognise, recogniseAtOnce } from './server/recognise.ts';
import { listModels, pollPaths, PROBE_MS } from './server/probe.ts';
import type { Found } from './server/signs.ts';

export type Wanted = {
  /** the server's address without `/v1` */
  readonly root: string;
  /** default: the first model that the server lists */
  readonly model?: string | undefined;
  readonly sampling?: Sampling | undefined;
  /** default: recognised from the server's responses */
  readonly dialect?: string | undefined;
  /** replaces the server's tokenizer */
  readonly local?: LocalCodec | undefined;
  /** `avoided`: token ids are not used; `tried`: they are used after a successful trial token */
  readonly tokenIdsTrust: 'trusted' | 'tried' | 'avoided';
};

export type Description = {
  readonly facts: Facts;
  readonly dialect: Dialect;
  readonly found: Found;
  /** absent: this server is used in chat mode */
  readonly tokenIds?: TokenIds;
  /** a path did not respond, or token ids are avoided: this description expires sooner */
  readonly isPartial: boolean;
};

/** @throws {ThinkmeterError} when the server cannot answer questions */
export async function describeServer(client: RemoteClient, wanted: Wanted, signal: AbortSignal): Promise<Description> {
  const listed = await listModels(client, wanted.model !== undefined, signal);
  const served = servedModel(listed.models, wanted);
  const early = wanted.dialect === undefined ? recogniseAtOnce(listed) : dialectNamed(wanted.dialect);
  const isQuiet = early?.host !== undefined || client.isRateLimited;
  const paths = isQuiet ? [] : (early?.polls ?? ALL_POLLS);
  const base = { client, served, wanted, signal };
  const [found, earlyIds] = await Promise.all([
    pollPaths(client, listed, paths, signal),
    early && tryTokenIds({ ...base, dialect: early, found: listed }),
  ]);
  const dialect = early ?? recognise(found);
  const tokenIds = earlyIds ?? (await tryTokenIds({ ...base, dialect, found }));
  const known = { ...base, dialect, found };
  return tokenIds.kind === 'there' ? overTokenIds(known, tokenIds) : overChat(known, tokenIds);
}

type Base = {
  readonly client: RemoteClient;
  readonly dialect: Dialect;
  readonly found: Found;
  readonly served: ServedModel;
  readonly wanted: Wanted;
  readonly signal: AbortSignal;
};

type Tried =
  | ({
      readonly kind: 'there';
      readonly family: Family;
      readonly window: number | undefined;
      readonly countedBy: CountedBy;
    } & Omit<TokenIds, 'seen'>)
  /** `silent`: an endpoint did not respond in time and may do so later */
  | { readonly kind: 'absent' | 'silent' };

/** With a rate limit most of the time passes in our own queue. */
const RATE_LIMITED_TRIAL_MS = 120_000;

/** Tries everything that token mode needs on the server itself. */
async function tryTokenIds(base: Base): Promise<Tried> {
  const { client, dialect, served, wanted } = base;
  const codecFor = toCodec(wanted.local, dialect, { client, model: served.id });
  if (codecFor === undefined || dialect.completions === undefined) return { kind: 'absent' };
  if (wanted.tokenIdsTrust === 'avoided') return { kind: 'silent' };
  const inTime = limit(base.signal, client.isRateLimited ? RATE_LIMITED_TRIAL_MS : PROBE_MS);
  try {
    return { kind: 'there', codecFor, ...(await trial(base, codecFor, inTime.signal)) };
  } catch (error) {
    if (inTime.expired) return { kind: 'silent' };
    if (lacksSomething(error)) return { kind: 'absent' };
    throw error instanceof ConnectionLostError ? brokenTrial(wanted.root, error) : error;
  } finally {
    inTime.release();
  }
}

async function trial({ client, dialect, served, wanted }: Base, codecFor: CodecFor, signal: AbortSignal) {
  const codec = codecFor(signal);
  const named = nameOf(served) ?? (await detectFamily(codec));
  const family = withSampling(named, wanted.sampling);
  const closer = await encodeCloser(family, codec);
  // rendering needs decode as well as encode
  await codec.decode(closer.afterLine);
  const window = listedWindow(served) === undefined && dialect.window === undefined ? await codec.window() : undefined;
  const isTrusted = dialect.isTrusted === true && wanted.tokenIdsTrust === 'trusted';
  const needsUsage = dialect.usageWithEveryChunk === true;
  const task = {
    client,
    model: served.id,
    dialect,
    needsUsage,
    signal,
    ...codec,
    ...(wanted.local && { count: (text: string) => wanted.local?.count(text) ?? 0 }),
  };
  const countedBy = isTrusted ? 'ids' : await triedCount(complete(task, await trialPrompt(codec), TRIAL));
  return { family, closer, window, countedBy };
}

type CodecFor = TokenIds['codecFor'];

/** Prefers our own tokenizer; undefined if the server has no tokenizer endpoints either. */
function toCodec(
  local: LocalCodec | undefined,
  { tokenizer }: Dialect,
  place: { readonly client: RemoteClient; readonly model: string },
): CodecFor | undefined {
  if (local !== undefined) return () => local;
  return tokenizer && ((signal, client = place.client) => SERVER_CODECS[tokenizer]({ ...place, client, signal }));
}

function overTokenIds(base: Base, tried: Extract<Tried, { kind: 'there' }>): Description {
  const { dialect, found, served } = base;
  const { family, closer, codecFor, countedBy } = tried;
  // if the window is unknown, the server itself rejects requests that do not fit
  const window = windowOf(served, dialect, found) ?? tried.window ?? Infinity;
  const facts = { ...common(base, 'completions'), window, family, closerTokens: longest(closer), countedBy };
  // only a trial shows that ids come; trusted servers are used without a trial
  const seen = new Seen(countedBy === 'ids' && dialect.isTrusted !== true);
  return { facts, dialect, found, tokenIds: { codecFor, closer, seen }, isPartial: found.silent.length > 0 };
}

function overChat(base: Base, { kind }: Exclude<Tried, { kind: 'there' }>): Description {
  const { dialect, found, served, wanted } = base;
  const family = withSampling(nameOf(served) ?? UNKNOWN_FAMILY, wanted.sampling);
  const own: CountedBy = wanted.local === undefined ? 'estimate' : 'tokenizer';
  const isSilent = kind === 'silent' && wanted.tokenIdsTrust !== 'avoided';
  const silent = isSilent ? [...found.silent, '/tokenize, /detokenize or /v1/completions'] : found.silent;
  const facts: Facts = {
    ...common(base, 'chat'),
    window: windowOf(served, dialect, found) ?? Infinity,
    family,
    // in chat mode continued thinking is closed in its message, without tokens of ours
    closerTokens: 0,
    countedBy: dialect.usageWithEveryChunk === true ? 'usage' : own,
  };
  return { facts, dialect, found: { ...found, silent }, isPartial: kind === 'silent' || silent.length > 0 };
}

type Common = Pick<Facts, 'engine' | 'model' | 'server' | 'native' | 'prefixCaching'>;

function common({ dialect, found, served, wanted }: Base, endpoint: 'completions' | 'chat'): Common {
  const { budget } = dialect;
  const isThere = budget !== undefined && (budget.on === 'both' || budget.on === endpoint);
  const prefixCaching = dialect.prefixCaching?.(found);
  return {
    engine: 'remote',
    model: served.id,
    server: [wanted.root, dialect.name, dialect.version?.(found), served.id, served.root, endpoint].join(' '),
    ...(isThere &&
      budget.isThere?.(found) !== false && {
        native: { field: budget.field, countsPrompt: budget.countsPrompt },
      }),
    ...(prefixCaching !== undefined && { prefixCaching }),
  };
}

const TRIAL = { maxTokens: 1, sampling: {} } as const;

function trialPrompt(codec: ServerCodec): Promise<readonly number[]> {
  return codec.template([{ role: 'user', content: 'x' }], {});
}

/** How the first token of a real stream was counted. */
async function triedCount(pieces: ReturnType<typeof complete>): Promise<CountedBy> {
  for await (const { ids, counted } of pieces) {
    if (ids.length > 0) return 'ids';
    if (counted !== undefined && counted.tokens > 0) return counted.by;
  }
  return 'estimate';
}

function brokenTrial(root: string, cause: ConnectionLostError): EngineProtocolError {
  return new EngineProtocolError(`the server at ${root} closed the connection during a generation`, {
    hint: "check the server's log",
    cause,
  });
}

function nameOf({ id, root }: ServedModel) {
  return familyByName(id) ?? familyByName(root ?? '');
}

/** The window of the loaded model takes precedence over the list of models. */
function windowOf(served: ServedModel, { window, loads }: Dialect, found: Found): number | undefined {
  const loaded = loads?.read(found.answers.get(loads.path))?.find(({ model }) => model === served.id)?.window;
  return window?.(found, served) ?? loaded ?? listedWindow(served);
}

function listedWindow({ max_model_len: vllm, meta, context_length: others }: ServedModel): number | undefined {
  return vllm ?? meta?.n_ctx ?? others ?? undefined;
}

function servedModel(models: Found['models'], { root, model: wanted }: Wanted): ServedModel {
  // if the server does not list its models, the configured model is assumed to exist
  if (models === undefined && wanted !== undefined) return { id: wanted };
  const served = wanted === undefined ? models?.[0] : models?.find(({ id }) => id === wanted);
  if (served !== undefined) return served;
  const list = models === undefined || models.length === 0 ? 'no model at all' : models.map(({ id }) => id).join(', ');
  throw new EngineHttpError(
    `the server at ${root} serves ${list}${wanted === undefined ? '' : `, not ${wanted}`}`,
    404,
    { hint: 'set THINKMETER_MODEL to one of the served names' },
  );
}

/** The endpoint is missing or has another format: chat mode may still work. */
function lacksSomething(error: unknown): boolean {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  if (error instanceof EngineTimeoutError) return true;
  // gateways answer paths that they do not forward with 401 or 403
  return error instanceof EngineHttpError && [400, 401, 403, 404, 405, 422, 501].includes(error.status);
}

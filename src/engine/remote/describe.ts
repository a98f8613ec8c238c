/** Finds out what a server is, and chooses token mode if the server accepts token ids, else chat mode. */
import { familyByName, UNKNOWN_FAMILY } from '../../prompt/families.ts';
import { withSampling, type Sampling } from '../../prompt/family.ts';
import type { CountedBy, Facts } from '../engine.ts';
import { longest } from '../token-ids.ts';
import type { RemoteClient } from './http/client.ts';
import type { ServedModel } from './http/wire.ts';
import { chooseModel, type Choice } from './server/choose-model.ts';
import type { Dialect } from './server/dialect.ts';
import { listModels, pollPaths } from './server/probe.ts';
import { ALL_POLLS, dialectNamed, recognise, recogniseAtOnce, UNKNOWN } from './server/recognise.ts';
import type { Found } from './server/signs.ts';
import type { LocalCodec } from './token-ids/local-codec.ts';
import { Seen, type TokenIds } from './token-ids/seen.ts';
import { tryTokenIds, type Trial, type Tried } from './token-ids/try-token-ids.ts';

export type Wanted = {
  /** the server's address without `/v1` */
  readonly root: string;
  /** default: a model that the server lists, see `chooseModel` */
  readonly model?: string | undefined;
  readonly sampling?: Sampling | undefined;
  /** default: recognised from the server's responses */
  readonly dialect?: string | undefined;
  /** replaces the server's tokenizer */
  readonly local?: LocalCodec | undefined;
  /** `avoided`: token ids are not used; `tried`: they are used after a successful trial token */
  readonly tokenIdsTrust: Trial['trust'];
};

export type Description = {
  readonly facts: Facts;
  readonly dialect: Dialect;
  readonly found: Found;
  /** for every result: what the operator should know about this server */
  readonly warnings: readonly string[];
  /** absent: this server is used in chat mode */
  readonly tokenIds?: TokenIds;
  /** the server loads the model with its first request, and describes it only then */
  readonly isUnloaded: boolean;
  /** it expires sooner: a path did not respond, token ids failed that had worked, or the model is not loaded */
  readonly isPartial: boolean;
};

/** @throws {ThinkmeterError} when the server cannot answer questions */
export async function describeServer(client: RemoteClient, wanted: Wanted, signal: AbortSignal): Promise<Description> {
  const listed = await listModels(client, wanted.model !== undefined, signal);
  const early = wanted.dialect === undefined ? recogniseAtOnce(listed) : dialectNamed(wanted.dialect);
  const isQuiet = early?.host !== undefined || client.isRateLimited;
  const paths = isQuiet ? [] : (early?.polls ?? ALL_POLLS);
  const choose = (found: Found, dialect: Dialect): Choice =>
    chooseModel({ root: wanted.root, wanted: wanted.model, found, dialect });
  const chosenAtOnce = needsPolls(listed, wanted, early) ? undefined : choose(listed, early ?? UNKNOWN);
  const poll = (model: string | undefined) => pollPaths(client, listed, { paths, dialect: early, model }, signal);
  const base = { client, wanted, signal };
  const [found, earlyTrial] = await Promise.all([
    poll(chosenAtOnce?.served.id),
    early && chosenAtOnce && tryIt({ ...base, ...chosenAtOnce, dialect: early }),
  ]);
  const dialect = early ?? recognise(found);
  const known = { ...base, ...(chosenAtOnce ?? choose(found, dialect)), dialect, found };
  const tried = earlyTrial ?? (await tryIt(known));
  return tried.kind === 'there' ? overTokenIds(known, tried) : overChat(known, tried);
}

/** With several models to choose from, the side paths of most servers show which are loaded. */
function needsPolls({ models = [] }: Found, { model }: Wanted, early: Dialect | undefined): boolean {
  if (model !== undefined || models.length < 2) return false;
  return early === undefined || early.loads !== undefined;
}

type Chosen = Choice & {
  readonly client: RemoteClient;
  readonly dialect: Dialect;
  readonly wanted: Wanted;
  readonly signal: AbortSignal;
};

type Base = Chosen & { readonly found: Found };

function tryIt({ client, served, dialect, wanted, signal }: Chosen): Promise<Tried> {
  // every request would wait until the server has loaded the model
  if (isUnloaded(served)) return Promise.resolve({ kind: 'silent' });
  const { root, local, sampling, tokenIdsTrust: trust } = wanted;
  const knowsWindow = listedWindow(served) !== undefined || dialect.window !== undefined;
  const named = nameOf(served);
  return tryTokenIds({ client, root, model: served.id, dialect, local, trust, named, sampling, knowsWindow, signal });
}

function overTokenIds(base: Base, tried: Extract<Tried, { kind: 'there' }>): Description {
  const { dialect, found, served } = base;
  const { family, closer, codecFor, countedBy } = tried;
  // if the window is unknown, the server itself rejects requests that do not fit
  const window = windowOf(served, dialect, found) ?? tried.window ?? Infinity;
  const facts: Facts = {
    ...common(base, 'completions'),
    window,
    family,
    closerTokens: longest(closer),
    countedBy,
    ...(hasMargins(base) && { margins: true }),
  };
  // only a trial shows that ids come; trusted servers are used without a trial
  const seen = new Seen(countedBy === 'ids' && dialect.isTrusted !== true);
  return { ...described(base, facts, found.silent), tokenIds: { codecFor, closer, seen } };
}

function hasMargins({ dialect, found }: Base): boolean {
  const margins = dialect.completions?.margins;
  return margins !== undefined && margins.isThere?.(found) !== false;
}

function overChat(base: Base, { kind }: Exclude<Tried, { kind: 'there' }>): Description {
  const { dialect, found, served, wanted } = base;
  const family = withSampling(nameOf(served) ?? UNKNOWN_FAMILY, wanted.sampling);
  const own: CountedBy = wanted.local === undefined ? 'estimate' : 'tokenizer';
  const isSilent = kind === 'silent' && wanted.tokenIdsTrust !== 'avoided' && !isUnloaded(served);
  const silent = isSilent ? [...found.silent, '/tokenize, /detokenize or /v1/completions'] : found.silent;
  const facts: Facts = {
    ...common(base, 'chat'),
    window: windowOf(served, dialect, found) ?? Infinity,
    family,
    // in chat mode continued thinking is closed in its message, without tokens of ours
    closerTokens: 0,
    countedBy: dialect.usageWithEveryChunk === true ? 'usage' : own,
  };
  const description = described(base, facts, silent);
  const isDistrusted = wanted.tokenIdsTrust !== 'trusted';
  return { ...description, isPartial: kind === 'silent' || isDistrusted || description.isPartial };
}

function described(base: Base, facts: Facts, silent: readonly string[]): Description {
  const { dialect, found, served, warning } = base;
  return {
    facts,
    dialect,
    found: { ...found, silent },
    warnings: warning === undefined ? [] : [warning],
    isUnloaded: isUnloaded(served),
    isPartial: silent.length > 0,
  };
}

type Common = Pick<Facts, 'engine' | 'model' | 'server' | 'native' | 'prefixCaching' | 'slots' | 'dropsLongPrompts'>;

function common({ dialect, found, served, wanted }: Base, endpoint: 'completions' | 'chat'): Common {
  const { budget, dropsLongPrompts } = dialect;
  const isThere = budget !== undefined && (budget.on === 'both' || budget.on === endpoint);
  const prefixCaching = dialect.prefixCaching?.(found);
  // a hosted service computes any number at the same time, up to its rate limit
  const slots = dialect.host === undefined ? dialect.slots?.(found) : Infinity;
  return {
    engine: 'remote',
    model: served.id,
    server: [wanted.root, dialect.name, dialect.version?.(found), served.id, served.root, endpoint].join(' '),
    ...(isThere &&
      budget.isThere?.(found) !== false && {
        native: { field: budget.field, countsPrompt: budget.countsPrompt },
      }),
    ...(prefixCaching !== undefined && { prefixCaching }),
    ...(slots !== undefined && { slots }),
    ...(dropsLongPrompts !== undefined && { dropsLongPrompts }),
  };
}

function nameOf({ id, root }: ServedModel) {
  return familyByName(id) ?? familyByName(root ?? '');
}

/** Only llama.cpp's router mode lists a status. A request for a model that sleeps or is not loaded loads the model. */
function isUnloaded({ status }: ServedModel): boolean {
  return status !== undefined && status !== null && status.value !== 'loaded';
}

/** The window of the loaded model takes precedence over the list of models. */
function windowOf(served: ServedModel, { window, loads }: Dialect, found: Found): number | undefined {
  const loaded = loads?.read(found.answers.get(loads.path))?.find(({ model }) => model === served.id)?.window;
  return window?.(found, served) ?? loaded ?? listedWindow(served);
}

function listedWindow({ max_model_len: vllm, meta, context_length, context_window }: ServedModel): number | undefined {
  return vllm ?? meta?.n_ctx ?? context_length ?? context_window ?? undefined;
}

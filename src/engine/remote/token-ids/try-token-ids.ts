/** Tries everything that token mode needs on the server itself. */
import { EngineHttpError, EngineProtocolError, EngineTimeoutError, EngineUnsupportedError } from '../../../errors.ts';
import { detectFamily, encodeCloser } from '../../../prompt/detect.ts';
import { withSampling, type Family, type Sampling } from '../../../prompt/family.ts';
import { limit } from '../../../wait.ts';
import { ConnectionLostError, type CountedBy } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import type { Dialect } from '../server/dialect.ts';
import { PROBE_MS } from '../server/probe.ts';
import { SERVER_CODECS, type ServerCodec } from './codecs.ts';
import { complete } from './completions.ts';
import type { LocalCodec } from './local-codec.ts';
import type { TokenIds } from './seen.ts';

export type Trial = {
  readonly client: RemoteClient;
  readonly root: string;
  readonly model: string;
  readonly dialect: Dialect;
  /** replaces the server's tokenizer */
  readonly local: LocalCodec | undefined;
  /** `avoided`: token ids are not used; `tried`: they are used after a successful trial token */
  readonly trust: 'trusted' | 'tried' | 'avoided';
  /** the model's name shows its family; absent: the family is detected */
  readonly named: Family | undefined;
  readonly sampling: Sampling | undefined;
  /** the window is known without the tokenizer */
  readonly knowsWindow: boolean;
  readonly signal: AbortSignal;
};

export type Tried =
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

export async function tryTokenIds(wanted: Trial): Promise<Tried> {
  const { client, dialect } = wanted;
  const codecFor = toCodec(wanted);
  if (codecFor === undefined || dialect.completions === undefined) return { kind: 'absent' };
  if (wanted.trust === 'avoided') return { kind: 'silent' };
  const inTime = limit(wanted.signal, client.isRateLimited ? RATE_LIMITED_TRIAL_MS : PROBE_MS);
  try {
    return { kind: 'there', codecFor, ...(await trial(wanted, codecFor, inTime.signal)) };
  } catch (error) {
    if (inTime.expired) return { kind: 'silent' };
    if (lacksSomething(error)) return { kind: 'absent' };
    throw error instanceof ConnectionLostError ? brokenTrial(wanted.root, error) : error;
  } finally {
    inTime.release();
  }
}

type CodecFor = TokenIds['codecFor'];

async function trial(wanted: Trial, codecFor: CodecFor, signal: AbortSignal) {
  const { client, dialect, model, local } = wanted;
  const codec = codecFor(signal);
  const family = withSampling(wanted.named ?? (await detectFamily(codec)), wanted.sampling);
  const closer = await encodeCloser(family, codec);
  // rendering needs decode as well as encode
  await codec.decode(closer.afterLine);
  const window = wanted.knowsWindow ? undefined : await codec.window();
  const isTrusted = dialect.isTrusted === true && wanted.trust === 'trusted';
  const needsUsage = dialect.usageWithEveryChunk === true;
  const task = {
    client,
    model,
    dialect,
    needsUsage,
    signal,
    ...codec,
    ...(local && { count: (text: string) => local.count(text) }),
  };
  const countedBy = isTrusted ? 'ids' : await triedCount(complete(task, await trialPrompt(codec), TRIAL));
  return { family, closer, window, countedBy };
}

/** Prefers our own tokenizer; undefined if the server has no tokenizer endpoints either. */
function toCodec({ local, dialect: { tokenizer }, client, model }: Trial): CodecFor | undefined {
  if (local !== undefined) return () => local;
  return tokenizer && ((signal, own = client) => SERVER_CODECS[tokenizer]({ client: own, model, signal }));
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

/** The endpoint is missing or has another format: chat mode may still work. */
function lacksSomething(error: unknown): boolean {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  if (error instanceof EngineTimeoutError) return true;
  // gateways answer paths that they do not forward with 401 or 403
  return error instanceof EngineHttpError && [400, 401, 403, 404, 405, 422, 501].includes(error.status);
}

/** Polls a server's descriptive paths. A silent path costs no more than the probe's time limit. */
import { EngineHttpError, EngineProtocolError, EngineTimeoutError, EngineUnsupportedError } from '../../../errors.ts';
import { hedged } from '../../../wait.ts';
import type { RemoteClient } from '../http/client.ts';
import { modelList } from '../http/wire.ts';
import type { Dialect } from './dialect.ts';
import type { Found } from './signs.ts';

/** The limit for all side paths, because a call waits for the probe. A path without a response by then is skipped. */
export const PROBE_MS = 2500;

/** A gateway may drop a request, so after each of these waits another one is sent in parallel. */
const LIST_AGAIN_MS = [1000, 2000, 3000, 3000, 3000];
/** The list of models is required unless the operator named a model, so its limit is longer. */
const LIST_MS = 15_000;

/** `named`: the operator named a model, so the list of models is optional. */
export async function listModels(client: RemoteClient, named: boolean, signal: AbortSignal): Promise<Found> {
  const limitMs = named ? PROBE_MS : LIST_MS;
  const attempt = (own: AbortSignal) => client.get('/v1/models', modelList, own, limitMs);
  const nothing = { host: client.host, answers: new Map<string, string>() };
  try {
    const again = client.isRateLimited ? [] : LIST_AGAIN_MS;
    const { body, serverHeader } = await hedged(attempt, named ? [] : again, signal);
    const models = body.data;
    return { ...nothing, models, owner: models[0]?.owned_by ?? undefined, serverHeader, silent: [] };
  } catch (error) {
    if (!named || !isDispensable(error)) throw error;
    const silent = error instanceof EngineTimeoutError ? ['/v1/models'] : [];
    return { ...nothing, models: undefined, owner: undefined, serverHeader: undefined, silent };
  }
}

/** `transformers serve` cannot list its models if the hub is unreachable (seen on 5.19). */
function isDispensable(error: unknown): boolean {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  if (error instanceof EngineTimeoutError) return true;
  return error instanceof EngineHttpError && (error.status === 404 || error.status >= 500);
}

type Polled = {
  readonly paths: readonly string[];
  /** the kind of server and its model, as far as they are known */
  readonly dialect: Dialect | undefined;
  readonly model: string | undefined;
};

/** Polls in parallel, with one time limit for all paths. */
export async function pollPaths(
  client: RemoteClient,
  found: Found,
  { paths, dialect, model }: Polled,
  signal: AbortSignal,
): Promise<Found> {
  const query = model === undefined ? '' : (dialect?.pollQuery?.(model) ?? '');
  const results = await Promise.all(
    paths.map(async (path) => ({ path, result: await client.poll(path + query, signal, PROBE_MS) })),
  );
  return {
    ...found,
    answers: new Map(results.flatMap(({ path, result }) => (result.kind === 'answered' ? [[path, result.text]] : []))),
    silent: [...found.silent, ...results.flatMap(({ path, result }) => (result.kind === 'silent' ? [path] : []))],
  };
}

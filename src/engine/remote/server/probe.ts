/** Polls what a server shows of itself. Whatever is silent costs no more than the probe's own limit. */
import { EngineHttpError, EngineProtocolError, EngineTimeoutError, EngineUnsupportedError } from '../../../errors.ts';
import { hedged } from '../../../wait.ts';
import type { RemoteClient } from '../http/client.ts';
import { modelList } from '../http/wire.ts';
import type { Found } from './signs.ts';

/** For the whole probe, while somebody waits for it: a path that is silent then is left. */
export const PROBE_MS = 2500;

/** A gateway may swallow a request: another one is made beside it after each of these. */
const LIST_AGAIN_MS = [1000, 2000, 3000, 3000, 3000];
/** The list of models is needed, so a slow one is waited for. */
const LIST_MS = 15_000;

/** `named`: the operator named a model, so that the list of models is not needed. */
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

/** `transformers serve` fails to list its models if it cannot reach the hub (seen on 5.19). */
function isDispensable(error: unknown): boolean {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  if (error instanceof EngineTimeoutError) return true;
  return error instanceof EngineHttpError && (error.status === 404 || error.status >= 500);
}

/** In parallel, all under one limit. */
export async function pollPaths(
  client: RemoteClient,
  found: Found,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Found> {
  const results = await Promise.all(
    paths.map(async (path) => ({ path, result: await client.poll(path, signal, PROBE_MS) })),
  );
  return {
    ...found,
    answers: new Map(results.flatMap(({ path, result }) => (result.kind === 'answered' ? [[path, result.text]] : []))),
    silent: [...found.silent, ...results.flatMap(({ path, result }) => (result.kind === 'silent' ? [path] : []))],
  };
}

/** The server at an address, or on this machine, with the models that it lists. */
import { limit } from '../../../wait.ts';
import type { FoundServer } from '../../found-server.ts';
import { parseAddress } from '../http/address.ts';
import { createFetch } from '../http/agent.ts';
import type { Proxies } from '../http/proxies.ts';
import { modelList } from '../http/wire.ts';
import { discover } from './discover.ts';

type Answer = Omit<FoundServer, 'baseUrl'>;

const LIST_MS = 2500;

const SILENT: Answer = { models: [], state: 'silent' };

/**
 * Without an address, polls the default ports of this machine: undefined if no server is there. The key is sent to a
 * given address only. `usual` replaces the default ports.
 * @throws {ConfigError} when the address is not one that thinkmeter can use
 */
export async function findServer(
  address: string | undefined,
  key: string | undefined,
  proxies: Proxies,
  usual?: Parameters<typeof discover>[0],
): Promise<FoundServer | undefined> {
  const found = address === undefined ? await discover(usual) : { baseUrl: address };
  if (found === undefined) return undefined;
  const { api, otherApi = api } = parseAddress(found.baseUrl);
  const request = createFetch(proxies);
  const places = address === undefined ? [api] : [...new Set([api, otherApi])];
  const answers = await Promise.all(places.map((place) => listModels(request, place, address && key)));
  const best = (['answers', 'refused'] as const).flatMap((state) => answers.filter((answer) => answer.state === state));
  return { baseUrl: address ?? api, ...(best[0] ?? SILENT) };
}

async function listModels(request: typeof fetch, api: string, key: string | undefined): Promise<Answer> {
  const { signal, release } = limit(undefined, LIST_MS);
  try {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await request(`${api}/models`, { signal, headers, redirect: 'error' });
    if (response.status === 401 || response.status === 403) return { models: [], state: 'refused' };
    const { data } = modelList.parse(await response.json());
    return { models: data.map(({ id }) => id), state: 'answers' };
  } catch {
    return SILENT;
  } finally {
    release();
  }
}

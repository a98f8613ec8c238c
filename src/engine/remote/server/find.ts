/** The server at an address, or on this machine, with the models that it lists. */
import { limit } from '../../../wait.ts';
import { parseAddress } from '../http/address.ts';
import { modelList } from '../http/wire.ts';
import { discover } from './discover.ts';

/** `refused`: a server answers, but not with this key. `silent`: nothing that lists models answers. */
export type FoundServer = {
  /** as given, or the address that was found */
  readonly baseUrl: string;
  readonly models: readonly string[];
  readonly state: 'answers' | 'refused' | 'silent';
};

const LIST_MS = 2500;

/**
 * Without an address, polls the default ports of this machine: undefined if no server is there. The key is sent to a
 * given address only. `usual` replaces the default ports.
 * @throws {ConfigError} when the address is not an http or https URL
 */
export async function findServer(
  address: string | undefined,
  key: string | undefined,
  usual?: Parameters<typeof discover>[0],
): Promise<FoundServer | undefined> {
  if (address !== undefined) return { baseUrl: address, ...(await listModels(parseAddress(address).api, key)) };
  const found = await discover(usual);
  if (found === undefined) return undefined;
  const { api } = parseAddress(found.baseUrl);
  return { baseUrl: api, ...(await listModels(api, undefined)) };
}

async function listModels(api: string, key: string | undefined): Promise<Omit<FoundServer, 'baseUrl'>> {
  const { signal, release } = limit(undefined, LIST_MS);
  try {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(`${api}/models`, { signal, headers, redirect: 'error' });
    if (response.status === 401 || response.status === 403) return { models: [], state: 'refused' };
    const { data } = modelList.parse(await response.json());
    return { models: data.map(({ id }) => id), state: 'answers' };
  } catch {
    return { models: [], state: 'silent' };
  } finally {
    release();
  }
}

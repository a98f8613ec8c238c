import { ConfigError } from '../../../errors.ts';

/** Where a server is: its root, and the OpenAI-compatible part below it. Both without a slash at the end. */
export type Address = { readonly root: string; readonly api: string };

export const DEFAULT_BASE_URL = 'http://localhost:8000/v1';

/** @throws {ConfigError} when it is not an http address */
export function parseAddress(given: string): Address {
  let url: URL;
  try {
    url = new URL(given);
  } catch (cause) {
    throw new ConfigError(`the base URL is not an address: ${given.replace(/\/\/[^/@]*@/, '//')}`, {
      hint: 'set THINKMETER_BASE_URL to http://HOST:PORT/v1',
      cause,
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConfigError(`the base URL has to begin with http:// or https://, not ${url.protocol}`, {
      hint: 'set THINKMETER_BASE_URL to http://HOST:PORT/v1',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError('the base URL carries a user name or a password, which is not sent', {
      hint: 'set THINKMETER_API_KEY, or leave them out',
    });
  }
  const root = `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
  return { root, api: `${root}/v1` };
}

/** A key would cross the network readable by anyone on the way. */
export function sendsKeyInClear(root: string): boolean {
  const { protocol, hostname } = new URL(root);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

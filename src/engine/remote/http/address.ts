import { ConfigError } from '../../../errors.ts';

/** `api` is the OpenAI-compatible part below `root`. Neither ends with a slash. */
export type Address = { readonly root: string; readonly api: string };

export const DEFAULT_BASE_URL = 'http://localhost:8000/v1';

/** @throws {ConfigError} when the text is not an http or https URL */
export function parseAddress(given: string): Address {
  let url: URL;
  try {
    url = new URL(given);
  } catch (cause) {
    throw new ConfigError(`the base URL is not a valid URL: ${given.replace(/\/\/[^/@]*@/, '//')}`, {
      hint: 'set THINKMETER_BASE_URL to http://HOST:PORT/v1',
      cause,
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConfigError(`the base URL must begin with http:// or https://, not ${url.protocol}`, {
      hint: 'set THINKMETER_BASE_URL to http://HOST:PORT/v1',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError('the base URL contains a user name or a password, which thinkmeter does not send', {
      hint: 'remove the user name and the password from THINKMETER_BASE_URL, and set THINKMETER_API_KEY if the server needs a key',
    });
  }
  const root = `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
  return { root, api: `${root}/v1` };
}

/** Anyone on the network path could read a key sent to this address: plain http to another machine. */
export function sendsKeyInClear(root: string): boolean {
  const { protocol, hostname } = new URL(root);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

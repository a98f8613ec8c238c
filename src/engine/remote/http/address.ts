/** Where a server is: reads the address that an operator set, also one that was copied from a page or an example. */
import { ConfigError } from '../../../errors.ts';

/** No part ends with a slash. */
export type Address = {
  /** paths outside of the API, such as `/tokenize` and `/metrics`, are below this */
  readonly root: string;
  /** the OpenAI-compatible API: `/v1/models` is `models` below this */
  readonly api: string;
  /** the other possible place of the API: some services have no `/v1` after their base; absent: the place is certain */
  readonly otherApi?: string;
};

export const DEFAULT_BASE_URL = 'http://localhost:8000/v1';

const EXAMPLE = 'set THINKMETER_BASE_URL to http://HOST:PORT/v1';

/** Endpoints of an API: what is before one of them is the API itself. */
const API_ENDPOINT = /\/(chat\/completions|completions|models|responses|embeddings)$/;
/** Pages and endpoints next to the API, of vLLM, SGLang, llama.cpp and Ollama. */
const SERVER_PATH =
  /\/(docs|redoc|openapi\.json|health|metrics|version|tokenize|detokenize|props|completion|api\/(chat|generate|tags|version))$/;

/** @throws {ConfigError} when the text is not an http or https URL, or contains what thinkmeter would not send */
export function parseAddress(given: string): Address {
  const url = toUrl(given);
  const path = url.pathname.replace(/\/+$/, '');
  const api = `${url.origin}${path.replace(API_ENDPOINT, '')}`.replace(/\/+$/, '');
  const base = `${url.origin}${path.replace(API_ENDPOINT, '').replace(SERVER_PATH, '')}`.replace(/\/+$/, '');
  if (base.endsWith('/v1')) return { root: base.slice(0, -'/v1'.length), api: base };
  const isPasted = API_ENDPOINT.test(path);
  return isPasted ? { root: base, api, otherApi: `${base}/v1` } : { root: base, api: `${base}/v1`, otherApi: base };
}

function toUrl(given: string): URL {
  let url: URL;
  try {
    url = new URL(given);
  } catch (cause) {
    throw new ConfigError(
      `the base URL is not a valid URL: ${given.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/, '')}`,
      {
        hint: EXAMPLE,
        cause,
      },
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ConfigError(`the base URL must begin with http:// or https://, not ${url.protocol}`, { hint: EXAMPLE });
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError('the base URL contains a user name or a password, which thinkmeter does not send', {
      hint: 'remove both from THINKMETER_BASE_URL. For a key set THINKMETER_API_KEY; for Basic authentication set THINKMETER_HEADERS to `Authorization: Basic …`, with USER:PASSWORD in Base64',
    });
  }
  // a query may contain a key, so the message does not repeat the query
  if (url.search !== '') {
    throw new ConfigError('the base URL contains a query (the part after ?), which thinkmeter does not send', {
      hint: 'remove the query from THINKMETER_BASE_URL; if the service needs a value from it, set this value in THINKMETER_HEADERS',
    });
  }
  return url;
}

/** This machine, also as the address that a server listens at. `hostname` as in `URL`. */
export function isLoopback(hostname: string): boolean {
  return /^((.+\.)?localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/.test(hostname);
}

/** Anyone on the network path could read a key sent to this address: plain http to another machine. */
export function sendsKeyInClear(root: string): boolean {
  const { protocol, hostname } = new URL(root);
  return protocol === 'http:' && !isLoopback(hostname);
}

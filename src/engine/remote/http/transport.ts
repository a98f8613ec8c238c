/** Sends the requests to one server: paths, headers, redirects, retries, rate limit, and the end of all requests. */
import PQueue from 'p-queue';
import { fetch, type RequestInit, type Response } from 'undici';
import { EngineHttpError, EngineProtocolError, EngineUnsupportedError } from '../../../errors.ts';
import { limit, type Limit } from '../../../wait.ts';
import type { Address } from './address.ts';
import { createAgent } from './agent.ts';
import { RequestFailed, toFault, type Sent, type Server } from './faults.ts';
import { headersWith, type Credentials, type RunHeaders } from './headers.ts';
import { proxyFor, type Proxies } from './proxies.ts';
import { Retry, type Retryable } from './retry.ts';
import { secretsOf } from './secrets.ts';

export type TransportOptions = {
  readonly address: Address;
  /** absent: the server receives no key */
  readonly credentials?: Credentials | undefined;
  readonly proxies?: Proxies | undefined;
  /** this process runs in a container, for messages */
  readonly inContainer?: boolean | undefined;
  /** absent: no rate limit */
  readonly requestsPerMinute?: number | undefined;
  /** called when a connection was refused or reset: known facts about the server may be outdated */
  readonly onRefused?: () => void;
};

/** Hostile text can need thousands of requests; uvicorn resets connections if too many open at once (seen at 64). */
const SMALL_CALLS_AT_ONCE = 16;
const MINUTE_MS = 60_000;
const MOST_REDIRECTS = 3;

export class Transport {
  readonly root: string;
  readonly server: Server;
  readonly smallCalls = new PQueue({ concurrency: SMALL_CALLS_AT_ONCE });
  readonly isRateLimited: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent;
  readonly #active = new Set<Limit>();
  readonly #retry: Retry;
  /** absent: no rate limit. Retries count as requests too; polls bypass this queue */
  readonly #rateQueue: PQueue | undefined;
  #api: string;
  #otherApi: string | undefined;
  #isClosed = false;

  /** @throws {ConfigError} when the variable of the proxy is not valid */
  constructor({
    address,
    credentials = {},
    proxies = {},
    inContainer,
    requestsPerMinute,
    onRefused,
  }: TransportOptions) {
    const proxy = proxyFor(new URL(address.root), proxies);
    const ofProxy = [proxy?.authorization, proxy?.password].filter((secret) => secret !== undefined);
    this.root = address.root;
    this.#api = address.api;
    this.#otherApi = address.otherApi;
    this.#headers = headersWith(credentials);
    this.#agent = createAgent(proxies);
    this.#retry = new Retry(onRefused);
    this.isRateLimited = requestsPerMinute !== undefined;
    if (requestsPerMinute !== undefined) {
      this.#rateQueue = new PQueue({ intervalCap: requestsPerMinute, interval: MINUTE_MS, strict: true });
    }
    this.server = {
      root: address.root,
      proxy,
      inContainer,
      secrets: secretsOf(credentials, ofProxy),
      hasKey: credentials.apiKey !== undefined,
      hasAuthorization: credentials.headers?.['authorization'] !== undefined,
    };
  }

  /** The full address of a path; `/v1/…` is a path of the API. */
  urlOf(path: string): string {
    return path.startsWith('/v1/') ? `${this.#api}${path.slice('/v1'.length)}` : `${this.root}${path}`;
  }

  /**
   * Sends one request with thinkmeter's headers only. Follows a redirect on the same origin if it keeps the method and the
   * body; any other redirect is the response, because keys and prompts belong to the configured address.
   */
  async fetch(given: string, init: RequestInit, run: RunHeaders | undefined): Promise<Response> {
    const headers = run === undefined ? this.#headers : { ...run.all, ...this.#headers };
    let url = given;
    try {
      for (let followed = 0; ; followed++) {
        // oxlint-disable-next-line no-await-in-loop -- each redirect follows a response
        const response = await fetch(url, { ...init, headers, redirect: 'manual', dispatcher: this.#agent });
        const next = redirectOf(response, url, init.method ?? 'GET');
        if (next === undefined || followed === MOST_REDIRECTS) {
          run?.read(response);
          return response;
        }
        // oxlint-disable-next-line no-await-in-loop -- as above
        await response.body?.cancel();
        url = next;
      }
    } catch (error) {
      // an abort is the caller's, and the library recognises it by the caller's signal
      throw init.signal?.aborted === true ? error : new RequestFailed(error);
    }
  }

  /**
   * Until one place of the API has answered, tries the other place too, and keeps the place that answers. `call` receives
   * the address of the path.
   */
  async viaApi<T>(path: string, call: (url: string) => Promise<T>): Promise<T> {
    const other = path.startsWith('/v1/') ? this.#otherApi : undefined;
    if (other === undefined) return call(this.urlOf(path));
    const [first, second] = [this.#api, other];
    try {
      const result = await call(`${first}${path.slice('/v1'.length)}`);
      this.#settle(first);
      return result;
    } catch (error) {
      if (!isElsewhere(error)) throw error;
      const result = await call(`${second}${path.slice('/v1'.length)}`).catch((reason: unknown) => {
        // the other place refused the request, so it exists
        const isKnown = error instanceof EngineUnsupportedError && reason instanceof EngineHttpError;
        throw isKnown ? reason : error;
      });
      this.#settle(second);
      return result;
    }
  }

  #settle(api: string): void {
    if (this.#otherApi === undefined) return;
    this.#api = api;
    this.#otherApi = undefined;
  }

  /** One request, and further attempts if they can help. @throws {ThinkmeterError} that says what to do */
  attempt<T>(sent: Sent, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let retry: Retryable | undefined;
    const attempt = async (): Promise<T> => {
      await this.#rateQueue?.add(() => undefined, { signal });
      retry = undefined;
      try {
        return await call();
      } catch (error) {
        const fault = toFault(error, this.server, sent);
        ({ retry } = fault);
        throw fault.error;
      }
    };
    return this.#retry.run(attempt, () => retry, signal);
  }

  /** A signal that aborts with the caller, after `limitMs`, or when the transport closes. */
  begin(callers: AbortSignal, limitMs: number): Limit {
    const running = limit(callers, limitMs);
    if (this.#isClosed) running.abort();
    this.#active.add(running);
    return running;
  }

  end(running: Limit): void {
    running.release();
    this.#active.delete(running);
  }

  /** Aborts all running requests. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#active) running.abort();
    await this.#agent.destroy();
  }
}

/** The path is not here: gateways also answer unknown paths with 401, 403 or a web page. */
function isElsewhere(error: unknown): boolean {
  if (error instanceof EngineUnsupportedError || error instanceof EngineProtocolError) return true;
  return error instanceof EngineHttpError && [401, 403, 404, 405].includes(error.status);
}

/** The address to follow. 307 and 308 keep the method; 301 to 303 turn POST into GET. */
function redirectOf({ status, headers }: Response, url: string, method: string): string | undefined {
  const location = headers.get('location');
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, url)) return undefined;
  if (method !== 'GET' && status !== 307 && status !== 308) return undefined;
  const next = new URL(location, url);
  return next.origin === new URL(url).origin ? next.href : undefined;
}

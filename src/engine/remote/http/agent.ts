/** The connections of all requests: through the proxy that applies to an address, and without time limits of their own. */
import { Agent, Pool, ProxyAgent, fetch } from 'undici';
import { proxyFor, type Proxies, type Proxy } from './proxies.ts';

/** undici's default timeouts are 300 s for headers and between chunks; a request may queue on the server for longer. */
const PATIENT = { headersTimeout: 0, bodyTimeout: 0 } as const;

/**
 * If a name has several addresses, Node aborts each attempt but the last after 250 ms, so slow networks fail although curl
 * works (nodejs/node#54359).
 */
const CONNECT = { autoSelectFamilyAttemptTimeout: 2000 } as const;

export function createAgent(proxies: Proxies): Agent {
  return new Agent({
    ...PATIENT,
    connect: CONNECT,
    factory: (origin, options) => {
      const proxy = proxyFor(new URL(origin), proxies);
      return proxy === undefined ? new Pool(origin, options) : throughProxy(proxy);
    },
  });
}

function throughProxy({ address, authorization }: Proxy): ProxyAgent {
  return new ProxyAgent({
    ...PATIENT,
    uri: address,
    ...(authorization !== undefined && { token: authorization }),
    // as curl: many proxies allow CONNECT only to port 443, so plain http is sent to the proxy itself
    proxyTunnel: false,
    factory: (origin, options) => new Pool(origin, Object.assign(options, PATIENT)),
  });
}

/** `fetch` for other hosts than the server, such as a hub of models. A proxy that fails is named in the error. */
export function createFetch(proxies: Proxies): typeof globalThis.fetch {
  const agent = createAgent(proxies);
  const viaProxies = async (url: string | URL, init: RequestInit = {}): Promise<unknown> => {
    const proxy = proxyFor(new URL(url), proxies);
    try {
      return await fetch(url, { ...(init as object), dispatcher: agent });
    } catch (cause) {
      if (proxy === undefined || init.signal?.aborted === true) throw cause;
      throw new Error(`the request through the proxy at ${proxy.address} (${proxy.variable}) failed`, { cause });
    }
  };
  return viaProxies as unknown as typeof globalThis.fetch;
}

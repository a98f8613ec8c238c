/** Connects with the first call: chooses the address, and loads what the program does not need at start. */
import { DEFAULT_BASE_URL, parseAddress, type Address } from './http/address.ts';
import type { RemoteClient } from './http/client.ts';
import { checkValue, parseHeaders, parseSessionHeader } from './http/headers.ts';
import type { Proxies } from './http/proxies.ts';
import type { Discovered } from './server/discover.ts';
import type { LocalCodec } from './token-ids/local-codec.ts';

export type ConnectionOptions = {
  /** with or without `/v1`; absent: the default address, or a server discovered on this machine */
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** lines `Name: value`, sent with every request to the configured address only */
  readonly headers?: string;
  /** one more header that receives the id of each run, as a router expects it */
  readonly sessionHeader?: string;
  /** absent: no request uses a proxy */
  readonly proxies?: Proxies;
  /** this process runs in a container; for messages */
  readonly inContainer?: boolean;
  /** the rate limit of a hosted service */
  readonly requestsPerMinute?: number;
  /** a folder or hub id with the model's tokenizer and chat template; replaces the server's tokenizer */
  readonly tokenizer?: string;
  /** the hub's address; absent: the public hub */
  readonly hub?: string;
  /** called when discovery found a server */
  readonly onFound?: (sentence: string) => void;
};

type ConnectorOptions = ConnectionOptions & {
  /** called when a connection was refused or reset */
  readonly onRefused?: () => void;
};

export type Connection = {
  readonly client: RemoteClient;
  readonly address: Address;
  /** present if no address was set and no program listens at the default address */
  readonly discovered: Discovered | undefined;
  readonly local: LocalCodec | undefined;
};

export type Connector = {
  /** aborts at `close`; for work that all calls share */
  readonly signal: AbortSignal;
  connect(): Promise<Connection>;
  /** If no address was set, the next call runs discovery again. */
  forget(): void;
  close(): Promise<void>;
};

/** @throws {ConfigError} when the configured base URL, key or headers are not valid */
export function createConnector(options: ConnectorOptions): Connector {
  const { baseUrl, apiKey, requestsPerMinute, tokenizer, hub, proxies = {}, inContainer, onFound, onRefused } = options;
  const given = parseAddress(baseUrl ?? DEFAULT_BASE_URL);
  if (apiKey !== undefined) checkValue(apiKey, 'THINKMETER_API_KEY');
  const headers = options.headers === undefined ? {} : parseHeaders(options.headers);
  const sessionHeader = options.sessionHeader === undefined ? undefined : parseSessionHeader(options.sessionHeader);
  const closing = new AbortController();
  /** also contains forgotten clients, because runs may still use them */
  const opened = new Set<RemoteClient>();
  let connecting: Promise<Connection> | undefined;

  /** Without a configured address: undefined if a program listens at the default address, else a discovered server. */
  const findServer = async (): Promise<Discovered | undefined> => {
    const { discover, isListening } = await import('./server/discover.ts');
    const [isThere, found] = await Promise.all([isListening(given.root), discover()]);
    if (isThere || found === undefined) return undefined;
    onFound?.(
      `no server listens at ${given.root}; found ${found.model} at ${found.baseUrl}, the default port of ${found.usually}`,
    );
    return found;
  };

  const open = async (): Promise<Connection> => {
    const [{ RemoteClient: Client }, { Transport }, { createFetch }, discovered] = await Promise.all([
      import('./http/client.ts'),
      import('./http/transport.ts'),
      import('./http/agent.ts'),
      baseUrl === undefined ? findServer() : undefined,
    ]);
    const local =
      tokenizer === undefined
        ? undefined
        : await import('./token-ids/local-codec.ts').then((it) =>
            it.loadLocalCodec({ tokenizer, hub, fetch: createFetch(proxies) }, closing.signal),
          );
    const address = discovered === undefined ? given : parseAddress(discovered.baseUrl);
    const transport = new Transport({
      address,
      // they belong to the configured address: a discovered server must not receive them
      credentials: discovered === undefined ? { apiKey, headers } : {},
      proxies,
      inContainer,
      requestsPerMinute,
      ...(onRefused !== undefined && { onRefused }),
    });
    const client = new Client(transport, sessionHeader);
    opened.add(client);
    return { client, address, discovered, local };
  };

  return {
    signal: closing.signal,
    connect: () => {
      if (connecting === undefined) {
        const opening = open();
        connecting = opening;
        // the operator may fix the tokenizer folder or the network, so the next call tries again
        opening.catch(() => {
          if (connecting === opening) connecting = undefined;
        });
      }
      return connecting;
    },
    forget: () => {
      if (baseUrl === undefined) connecting = undefined;
    },
    // a failed connection was already reported to its callers
    close: async () => {
      closing.abort();
      await connecting?.catch(() => undefined);
      await Promise.all([...opened].map((client) => client.close()));
    },
  };
}

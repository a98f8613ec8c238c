/** The way to a server, made with the first call: its address, set or found, and all that the program starts without. */
import { DEFAULT_BASE_URL, parseAddress, type Address } from './http/address.ts';
import type { RemoteClient } from './http/client.ts';
import type { Discovered } from './server/discover.ts';
import type { LocalCodec } from './token-ids/local-codec.ts';

export type ConnectionOptions = {
  /** with or without `/v1`; absent: the default one, or what is found on this machine */
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** of a hosted service */
  readonly requestsPerMinute?: number;
  /** a folder or hub id with the model's tokenizer and chat template, in the place of the server's */
  readonly tokenizer?: string;
  /** where hub ids are loaded from */
  readonly hub?: string;
  /** called once, when a server was found */
  readonly onFound?: (sentence: string) => void;
};

type ConnectorOptions = ConnectionOptions & {
  /** a connection was refused or reset */
  readonly onRefused?: () => void;
};

export type Connection = {
  readonly client: RemoteClient;
  readonly address: Address;
  /** where nothing was set, and nothing was at the default address */
  readonly discovered: Discovered | undefined;
  readonly local: LocalCodec | undefined;
};

export type Connector = {
  /** aborts at `close`: for what is done on behalf of every call */
  readonly signal: AbortSignal;
  connect(): Promise<Connection>;
  /** Where nothing was set: looks again with the next call. */
  forget(): void;
  close(): Promise<void>;
};

/** @throws {ConfigError} when what was set is no address */
export function createConnector(options: ConnectorOptions): Connector {
  const { baseUrl, apiKey, requestsPerMinute, tokenizer, hub, onFound, onRefused } = options;
  const given = parseAddress(baseUrl ?? DEFAULT_BASE_URL);
  const closing = new AbortController();
  /** also those that were forgotten: runs may still use them */
  const opened = new Set<RemoteClient>();
  let connecting: Promise<Connection> | undefined;

  /** Nothing was set: the default address, where somebody is there, else what this machine's usual ports have. */
  const findServer = async (): Promise<Discovered | undefined> => {
    const { discover, isListening } = await import('./server/discover.ts');
    const [isThere, found] = await Promise.all([isListening(given.root), discover()]);
    if (isThere || found === undefined) return undefined;
    onFound?.(
      `nothing is at ${given.root}; found ${found.model} at ${found.baseUrl}, where ${found.usually} usually is`,
    );
    return found;
  };

  const open = async (): Promise<Connection> => {
    const [{ RemoteClient: Client }, discovered, local] = await Promise.all([
      import('./http/client.ts'),
      baseUrl === undefined ? findServer() : undefined,
      tokenizer === undefined
        ? undefined
        : import('./token-ids/local-codec.ts').then((it) => it.loadLocalCodec({ tokenizer, hub }, closing.signal)),
    ]);
    const address = discovered === undefined ? given : parseAddress(discovered.baseUrl);
    // the key is for the address that was set: whoever else answers does not get it
    const client = new Client({
      address,
      apiKey: discovered === undefined ? apiKey : undefined,
      requestsPerMinute,
      ...(onRefused !== undefined && { onRefused }),
    });
    opened.add(client);
    return { client, address, discovered, local };
  };

  return {
    signal: closing.signal,
    connect: () => {
      if (connecting === undefined) {
        connecting = open();
        // a folder, or a way to the hub, may be put right meanwhile
        connecting.catch(() => (connecting = undefined));
      }
      return connecting;
    },
    forget: () => {
      if (baseUrl === undefined) connecting = undefined;
    },
    // a connection that fails has been reported to whoever asked for it
    close: async () => {
      closing.abort();
      await connecting?.catch(() => undefined);
      await Promise.all([...opened].map((client) => client.close()));
    },
  };
}

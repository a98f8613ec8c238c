/** The search for a server, for `init`. It is not part of `compose.ts`, because the MCP server must not load it at its start. */
import { usualPorts } from './engine/remote/server/discover.ts';
import { findServer } from './engine/remote/server/find.ts';
import type { FoundServer } from './engine/found-server.ts';
import type { Network } from './compose.ts';

/** For `init`, which writes down what is found. `ports`: the default ports of servers, as a text. */
export function serverSearch({ proxies = {} }: Network): {
  readonly ports: string;
  readonly findServer: (address: string | undefined, key: string | undefined) => Promise<FoundServer | undefined>;
} {
  return { ports: usualPorts(), findServer: (address, key) => findServer(address, key, proxies) };
}

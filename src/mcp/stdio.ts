import { EventEmitter, once } from 'node:events';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer, type ServerParts } from './server.ts';

export type StdioServing = {
  /** resolves when the transport closes, with its last error if any */
  readonly closed: Promise<Error | undefined>;
  close(): Promise<void>;
};

/** Serves over this process's stdin and stdout until `close`. The client's first message selects the protocol era. */
export function serveOverStdio(parts: ServerParts): StdioServing {
  const ended = new EventEmitter();
  const factory = (): ReturnType<typeof createMcpServer> => {
    const server = createMcpServer(parts);
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way
    server.server.onclose = () => ended.emit('closed');
    return server;
  };
  let last: Error | undefined;
  const onerror = (error: Error): void => {
    last = error;
    parts.log.warn({ cause: error.message }, 'transport');
  };
  const handle = serveStdio(factory, { onerror });
  return { closed: once(ended, 'closed').then(() => last), close: () => handle.close() };
}

import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer, type ServerParts } from './server.ts';

/** Serves over this process's stdin and stdout until `close`. The first message decides the era of the protocol. */
export function serveOverStdio(parts: ServerParts): { close(): Promise<void> } {
  return serveStdio(() => createMcpServer(parts), { onerror: (error) => parts.log.warn({ err: error }, 'transport') });
}

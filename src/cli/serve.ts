/** `thinkmeter` without a command: the MCP server on stdin and stdout, until the client has gone. */
import { once } from 'node:events';
import { tools } from '../../tools/index.ts';
import type { Parts } from '../compose.ts';
import type { Config } from '../config/load.ts';
import { TransportError } from '../errors.ts';
import { serveOverStdio } from '../mcp/stdio.ts';
import { VERSION } from '../version.ts';
import type { Terminal } from './terminal.ts';

export async function serveUntilGone(
  parts: Parts,
  config: Config,
  { stdin }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { engine, log, defaults } = parts;
  const server = serveOverStdio({ ...parts, tools, resourceLinks: config.resourceLinks === 'on' });
  log.info(
    { version: VERSION, engine: config.engine, thinkingBudget: defaults.thinkingBudget },
    'thinkmeter serves on stdio',
  );
  const gone = new AbortController();
  try {
    const closedBy = await Promise.race([
      once(stdin, 'end', { signal: gone.signal }),
      once(stdin, 'close', { signal: gone.signal }),
      once(signal, 'abort', { signal: gone.signal }),
      server.closed,
    ]);
    if (!stdin.readableEnded && !signal.aborted) {
      const why = closedBy instanceof Error ? closedBy.message : 'no reason was given';
      throw new TransportError(`the connection to the client was closed: ${why}`, {
        hint: 'a message may have at most 10 MB: send less text at a time',
        cause: closedBy,
      });
    }
  } finally {
    gone.abort();
    await server.close();
    await engine.close();
    // nothing may keep a server alive that has no client
    stdin.destroy();
  }
}

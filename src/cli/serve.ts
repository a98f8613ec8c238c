/** `thinkmeter` without a command: the MCP server on stdin and stdout, until the client has gone. */
import { tools } from '../../tools/index.ts';
import { systemClock } from '../clock.ts';
import type { Parts } from '../compose.ts';
import type { Config } from '../config/load.ts';
import { TransportError } from '../errors.ts';
import { serveOverStdio } from '../mcp/stdio.ts';
import { VERSION } from '../version.ts';
import { untilAborted } from '../wait.ts';
import type { Terminal } from './terminal.ts';

/** `clock`: for the time that running calls get after the end of stdin. */
export async function serveUntilGone(
  parts: Parts,
  config: Pick<Config, 'engine' | 'resourceLinks'>,
  { stdin, stdout }: Pick<Terminal, 'stdin' | 'stdout'>,
  signal: AbortSignal,
  clock = systemClock,
): Promise<void> {
  const { engine, state, log, defaults } = parts;
  const serving = { ...parts, tools, resourceLinks: config.resourceLinks === 'on' };
  const server = serveOverStdio(serving, { stdin, stdout }, clock);
  log.info(
    { version: VERSION, engine: config.engine, thinkingBudget: defaults.thinkingBudget },
    'thinkmeter serves on stdio',
  );
  try {
    await untilAborted(server.ended(), signal);
    await server.finish(signal);
  } catch (error) {
    if (signal.aborted) return;
    throw new TransportError(`the connection to the client was closed: ${(error as Error).message}`, {
      hint: 'a message may have at most 10 MB: send less text at a time',
      cause: error,
    });
  } finally {
    await server.close();
    await Promise.all([engine.close(), state.close()]);
    // nothing may keep a server alive that has no client
    stdin.destroy();
  }
}

/** Serves over stdin and stdout. The client's first message selects the protocol era. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Clock } from '../clock.ts';
import { limit, pause, untilAborted } from '../wait.ts';
import { createMcpServer, type ServerParts } from './server.ts';
import { StdioTransport, type Streams } from './transport.ts';

/**
 * What a call that runs when stdin ends may still take. Pipes and checks write all messages and close stdin at once
 * (modelcontextprotocol/python-sdk#2678); a client that is gone is not worth more tokens.
 */
const GRACE_MS = 5000;
/** Runs end so much earlier, to write their answers. */
const WRITING_MS = 500;
const AFTER_INPUT = {
  name: 'the time after the end of stdin',
  fix: 'keep stdin open until the answer is there',
};
const LATE = `the call was ended ${GRACE_MS / 1000} seconds after the end of stdin; ${AFTER_INPUT.fix}`;
const PROBE_EVERY_MS = 250;

export type StdioServing = {
  /** Resolves when the client has ended the connection. Rejects with the reason if the connection broke. */
  ended(): Promise<void>;
  /**
   * Waits until running calls are answered: at most 5 seconds, until stdout is closed, or until the signal aborts. Runs
   * think less to be done in that time. A call that is not done is answered with an error. A closed pipe shows only when something is written; a closed socket, which most clients use, within 250 ms.
   */
  finish(signal: AbortSignal): Promise<void>;
  /** Aborts what runs. */
  close(): Promise<void>;
};

export function serveOverStdio(parts: ServerParts, streams: Streams, clock: Clock): StdioServing {
  const transport = new StdioTransport(streams, parts.log);
  const onerror = (error: Error): void => parts.log.warn({ cause: error.message }, 'transport');
  const handle = serveStdio(() => createMcpServer(parts), { transport, onerror });
  return {
    async ended() {
      await transport.ended();
      if (transport.fault !== undefined) throw transport.fault;
    },
    async finish(signal) {
      const grace = limit(signal, GRACE_MS, clock);
      try {
        parts.runner.close(GRACE_MS - WRITING_MS, AFTER_INPUT);
        void probe(transport, grace.signal, clock);
        await untilAborted(transport.idle(), grace.signal);
      } catch {
        if (grace.expired) transport.giveUp(LATE);
      } finally {
        grace.abort();
        grace.release();
      }
    },
    close: () => handle.close(),
  };
}

async function probe(transport: StdioTransport, signal: AbortSignal, clock: Clock): Promise<void> {
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- at intervals
      await pause(PROBE_EVERY_MS, signal, clock);
      transport.probe();
    }
  } catch {
    // the wait is over
  }
}

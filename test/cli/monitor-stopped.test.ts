/** The monitor is stopped while its timed request and its status are both under way. */
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { monitor } from '../../src/cli/monitor.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { systemClock } from '../../src/clock.ts';
import type { Parts } from '../../src/compose.ts';

// vitest fails a run in which a rejection was handled by nobody
test('B13: the timed request is given up before the status: an end, not a crash', async () => {
  const stop = new AbortController();
  const runner = {
    clock: systemClock,
    run: (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    // programs that are asked for figures take no signal
    status: async () => {
      await sleep(100);
      return { tried: {}, spent: { calls: 0, thinkingTokens: 0, answerTokens: 0 }, findings: [] };
    },
  };
  const terminal = { stdout: new PassThrough(), stderr: new PassThrough(), color: false } as unknown as Terminal;
  const monitored = monitor({ every: '1', probe: '1' }, { runner } as unknown as Parts, terminal, stop.signal);
  await sleep(20);
  stop.abort();
  await expect(monitored).rejects.toMatchObject({ code: 'CANCELLED' });
});

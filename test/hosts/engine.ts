/** The model server behind thinkmeter: what it generates, and when a call has stopped it. */
import { expect } from 'vitest';
import { byQuestion } from '../support/by-question.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import type { FakeVllm, RecordedRequest } from '../support/fake-vllm/server.ts';
import { log, type StartedHost } from './start.ts';

export const SEVEN = 'Seven is odd.';
export const EIGHT = 'Eight is even.';
export const NINE = 'Nine is odd.';

export const SCRIPT = byQuestion({
  seven: thinks('It follows six.', SEVEN),
  eight: thinks('It follows seven.', EIGHT),
  nine: neverStopsThinking('It is three times three.\n', NINE),
});

/** The 5 seconds that a call may take after the end of stdin (`src/mcp/stdio.ts`), on a busy machine. */
const STOP_WITHIN_MS = 15_000;

/** 150 seconds of thinking. */
export const ENDLESS = { script: SCRIPT, msPerToken: 100 } as const;
export const ENDLESS_CALL = {
  tool: 'reason',
  args: { question: 'Is nine odd?', thinking_budget: 1500, max_seconds: 300 },
} as const;

export async function inTheMiddle(fake: FakeVllm, { host, model }: StartedHost): Promise<void> {
  const sent = (): number => {
    if (host.child.exitCode !== null) throw new Error(`the host ended: ${log(host, model)}`);
    return generations(fake).at(0)?.sentTokens ?? 0;
  };
  await expect.poll(sent, { interval: 20 }).toBeGreaterThan(10);
}

/** Waits until the engine has stopped, and prints how long that took. Returns for each generation whether it was aborted. */
export async function stopOf(fake: FakeVllm, cause: () => void): Promise<readonly boolean[]> {
  const at = performance.now();
  cause();
  await expect.poll(() => fake.running(), { interval: 20, timeout: STOP_WITHIN_MS }).toBe(0);
  const abortedAt = generations(fake).at(0)?.abortedAt ?? Number.NaN;
  process.stderr.write(`${expect.getState().currentTestName}: ${Math.round(abortedAt - at)} ms\n`);
  return generations(fake).map(({ aborted }) => aborted);
}

export function generations({ requests }: FakeVllm): readonly RecordedRequest[] {
  return requests.filter(({ path }) => path.endsWith('/completions'));
}

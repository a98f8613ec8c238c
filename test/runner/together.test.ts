/** Several calls at once, and calls that wait: none convicts the server, and none goes without an answer. */
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { remoteRunner } from '../support/remote-runner.ts';
import { startFake } from '../support/start-fake.ts';

test.each([2, 8])('B6: %i equal calls at once, three times: the server is not convicted', async (count) => {
  const fake = await startFake({ script: neverStopsThinking(undefined, 'The answer is 4.'), msPerToken: 5 });
  const { ask, evidence, engine } = remoteRunner(fake.url);
  for (let turn = 0; turn < 3; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const outcomes = await Promise.all(Array.from({ length: count }, () => ask({ budget: 40 })));
    expect(outcomes.map(({ mechanism }) => mechanism)).toEqual(outcomes.map(() => 'stream'));
  }
  const { facts } = await engine.open({ signal: new AbortController().signal });
  expect(evidence.of(facts.server).known(0).stream).toBeUndefined();
  expect(await ask({ budget: 40 })).toMatchObject({ mechanism: 'stream' });
});

const WITHOUT_THINKING: Partial<Outcome> = {
  mechanism: 'off',
  budget: 0,
  thinkingEndedBy: 'off',
  warnings: [expect.stringMatching(/^thinking was switched off: \d+\.\d of \d+\.\d seconds had passed/) as string],
};

test('B12: two thirds of the time spent in a queue: an answer without thinking, and a warning', async () => {
  const fake = await startFake();
  const { ask } = remoteRunner(fake.url);
  expect(await ask({ maxSeconds: 30, waitedMs: 21_000 })).toMatchObject({
    ...WITHOUT_THINKING,
    answer: 'The answer is 4.',
  });
  expect(fake.requests.filter(({ path }) => path === '/v1/completions')).toHaveLength(1);
});

test('B14: callers who give up are no evidence against the server', async () => {
  const fake = await startFake({
    model: 'thinkmeter-demo-3',
    prefixCaching: false,
    misbehave: { stallAfterTokens: 0 },
  });
  const { ask, evidence, engine } = remoteRunner(fake.url);
  for (let turn = 0; turn < 4; turn += 1) {
    const leave = new AbortController();
    const given = ask({ text: 'word '.repeat(400), budget: 97, signal: leave.signal });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect.poll(() => fake.running()).toBe(1);
    leave.abort();
    // oxlint-disable-next-line no-await-in-loop -- as above
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
  }
  const { facts } = await engine.open({ signal: new AbortController().signal });
  expect(evidence.of(facts.server).summary(0)).toEqual({});
});

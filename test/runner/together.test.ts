/** Several calls at once, and calls that wait: none convicts the server, and none goes without an answer. */
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
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

test('a server with one slot and six calls at once: six answers in time', async () => {
  // 8 of 45 seconds each, on a scale of 1 to 5: the sixth would end at 48
  const script = thinks('word '.repeat(20), 'The answer is 4.');
  const fake = await startFake({ script, msPerToken: 22, misbehave: { slots: 1 } });
  const { ask } = remoteRunner(fake.url);
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => ask({ budget: 200, maxSeconds: 9 })));
  expect(outcomes.map(({ answer }) => answer)).toEqual(outcomes.map(() => 'The answer is 4.'));
});

test('six calls that wait for each other in our own queue: six answers, the last without thinking', async () => {
  const fake = await startFake({ script: thinks('word '.repeat(60), 'The answer is 4.'), msPerToken: 6 });
  const { ask } = remoteRunner(fake.url, { concurrency: 1 });
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => ask({ budget: 200, maxSeconds: 3 })));
  expect(outcomes.map(({ answer }) => answer)).toEqual(outcomes.map(() => 'The answer is 4.'));
  expect(outcomes.at(-1)).toMatchObject(WITHOUT_THINKING);
});

const WITHOUT_THINKING: Partial<Outcome> = {
  mechanism: 'off',
  budget: 0,
  thinkingEndedBy: 'off',
  warnings: [expect.stringMatching(/^thinking was switched off: the call had waited for/) as string],
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

/** Connections that break within a stream: the run continues from the tokens received, and no token is generated twice. */
import { expect, test } from 'vitest';
import { neverStopsThinking, writes } from '../support/fake-vllm/scripts.ts';
import { remoteRunner } from '../support/remote-runner.ts';
import { startRoad } from '../support/road.ts';
import { startFake, times } from '../support/start-fake.ts';

const thought = '2 + 2 is 4.\n'.repeat(12);

test.each([
  { name: 'closes by itself', budget: 400, endedBy: 'model' },
  { name: 'is cut', budget: 33, endedBy: 'budget' },
])(
  'every stream breaks after its tenth token, and thinking $name: the run is the same',
  async ({ budget, endedBy }) => {
    const fake = await startFake({ script: writes(`${thought}</think>\n\nThe answer is 42.`) });
    const whole = await remoteRunner(fake.url, { mechanism: 'stream' }).ask({ budget });
    const before = times(fake, '/v1/completions');
    const road = await startRoad(fake.url, { breakAfter: 10 });
    const broken = await remoteRunner(road.url, { mechanism: 'stream' }).ask({ budget });
    expect(broken).toMatchObject({
      answer: 'The answer is 42.',
      thinkingEndedBy: endedBy,
      reasoning: whole.reasoning,
      honored: true,
      counts: { ...whole.counts, prompt: broken.counts.prompt },
      warnings: [expect.stringMatching(/broke \d+ times, and the run continued from the tokens received/)],
    });
    // a run of its own, and the trial of token mode
    const requests = times(fake, '/v1/completions') - before;
    expect(requests - broken.requests).toBeLessThanOrEqual(1);
  },
);

test('without token ids, the text is continued', async () => {
  const script = writes(`${thought}</think>\n\nThe answer is 42.`);
  const fake = await startFake({ script, misbehave: { noTokenIds: true } });
  const road = await startRoad(fake.url, { breakAfter: 10 });
  const outcome = await remoteRunner(road.url).ask({ budget: 400 });
  expect(outcome).toMatchObject({ answer: 'The answer is 42.', thinkingEndedBy: 'model' });
});

test('over chat completions, a stream cannot be continued: the thinking is closed, and the answer requested', async () => {
  const fake = await startFake({
    script: neverStopsThinking(),
    misbehave: { noTokenize: true, dropAfterTokens: 12, dropTimes: 2 },
  });
  const outcome = await remoteRunner(fake.url).ask({ budget: 64 });
  expect(outcome).toMatchObject({ answer: 'The answer is 42.', thinkingEndedBy: 'server' });
});

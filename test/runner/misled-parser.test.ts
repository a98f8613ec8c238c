/** Over chat completions with thinking off, a parser may take the whole answer for thinking. */
import { expect, test } from 'vitest';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { remoteRunner } from '../support/remote-runner.ts';
import { startFake } from '../support/start-fake.ts';

test('B19: at the deadline what came so far is the answer, though it came as thinking', async () => {
  const script = thinks('', 'word '.repeat(1000));
  const fake = await startFake({ script, msPerToken: 10, misbehave: { noTokenize: true } });
  const { ask } = remoteRunner(fake.url);
  const outcome = await ask({ budget: 0, answerTokens: 1000, maxSeconds: 5 });
  expect(outcome).toMatchObject({ answerEndedBy: 'deadline', mechanism: 'off', countedBy: 'usage' });
  expect(outcome.answer).toMatch(/^(word )+/);
  expect(outcome.counts.answer).toBeGreaterThan(10);
});

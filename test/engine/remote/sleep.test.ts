/** A server in vLLM's sleep mode takes requests and generates nothing (vllm-project/vllm#15483): the call says so at once. */
import { expect, test } from 'vitest';
import { createRemoteEngine } from '../../../src/engine/remote/engine.ts';
import { toSentence, type ThinkmeterError } from '../../../src/errors.ts';
import { remoteRunner } from '../../support/remote-runner.ts';
import { startFake } from '../../support/road.ts';
import { factsOf, failure } from '../reading.ts';

const SLEEPS =
  /^The model at http:\S+ sleeps \(vLLM's sleep mode\) and generates nothing\. Wake it with `curl -X POST http:\S+\/wake_up`\.$/;

async function sentenceOf(work: Promise<unknown>): Promise<string> {
  return toSentence((await failure(work)) as ThinkmeterError);
}

test('a sleeping server is named by the first call, without a generation', async () => {
  const fake = await startFake({ misbehave: { asleep: true } });
  expect(await sentenceOf(remoteRunner(fake.url).ask())).toMatch(SLEEPS);
  expect(fake.requests.filter(({ path }) => path.endsWith('completions'))).toEqual([]);
});

test('a server that falls asleep between two calls is named, and answers again when it is awake', async () => {
  const fake = await startFake({ misbehave: { asleep: false } });
  const { ask } = remoteRunner(fake.url);
  expect((await ask()).answer).not.toBe('');
  fake.change({ asleep: true });
  expect(await sentenceOf(ask())).toMatch(SLEEPS);
  fake.change({ asleep: false });
  expect((await ask()).answer).not.toBe('');
});

test('a server without sleep mode is not polled for it by each call', async () => {
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url });
  for (let call = 0; call < 3; call++) {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    await factsOf(engine);
  }
  expect(fake.requests.filter(({ path }) => path === '/is_sleeping')).toHaveLength(1);
});

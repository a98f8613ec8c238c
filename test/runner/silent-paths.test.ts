/** A gateway that swallows requests to one path: a caller waits for it once, and then never again (faults B1 to B3). */
import { expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { jumpingClock, remoteRunner } from '../support/remote-runner.ts';
import { startFake, times } from '../support/start-fake.ts';

const SIDE_PATHS = ['/metrics', '/version', '/openapi.json', '/tokenize', '/detokenize'];

/** What came of calls, one after the other, at a server that never answers one path. */
async function callsBeside(path: string) {
  const fake = await startFake({ misbehave: { swallow: [path] } });
  // only a call refreshes facts: not the five seconds after which they are refreshed without one
  const { ask, runner } = remoteRunner(fake.url, { clock: new FakeClock() });
  const answers = [(await ask({ maxSeconds: 12 })).answer];
  const before = times(fake, path);
  for (let call = 0; call < 3; call += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    answers.push((await ask({ maxSeconds: 2 })).answer);
  }
  const later = times(fake, path) - before;
  const { findings } = await runner.status(new AbortController().signal);
  return { path, answers, later, isNamed: findings.some(({ what }) => what.includes(path)) };
}

// all at once, because each takes seconds
test(
  'B1: a path that never answers: every call is answered, only the first waits, and the status names it',
  IN_SECONDS,
  async () => {
    const answers = Array.from({ length: 4 }, () => 'The answer is 4.');
    expect(await Promise.all(SIDE_PATHS.map(callsBeside))).toEqual(
      SIDE_PATHS.map((path) => ({ path, answers, later: 0, isNamed: true })),
    );
  },
);

test('B1: /props never answers on a server that nothing else shows', IN_SECONDS, async () => {
  const fake = await startFake({ misbehave: { swallow: ['/props'], hide: ['/v1/models', '/openapi.json'] } });
  const { ask } = remoteRunner(fake.url, { model: 'thinkmeter-demo' });
  expect((await ask({ maxSeconds: 12 })).answer).toBe('The answer is 4.');
  expect((await ask({ maxSeconds: 2 })).answer).toBe('The answer is 4.');
  expect(times(fake, '/props')).toBe(1);
});

test(
  'B2: a list of models that is swallowed once costs a second, and the process is not poisoned',
  IN_SECONDS,
  async () => {
    const fake = await startFake({ misbehave: { swallow: ['/v1/models'] } });
    const { ask } = remoteRunner(fake.url);
    const first = ask({ maxSeconds: 12 });
    await expect.poll(() => times(fake, '/v1/models')).toBe(1);
    fake.change({});
    expect((await first).answer).toBe('The answer is 4.');
    expect((await ask({ maxSeconds: 2 })).answer).toBe('The answer is 4.');
  },
);

test(
  'B2: a list of models that never comes is an error that says so, in the caller’s time, and the next call asks anew',
  IN_SECONDS,
  async () => {
    const fake = await startFake({ misbehave: { swallow: ['/v1/models'] } });
    const { ask } = remoteRunner(fake.url);
    await expect(ask({ maxSeconds: 2 })).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT' });
    fake.change({});
    expect((await ask({ maxSeconds: 4 })).answer).toBe('The answer is 4.');
  },
);

test(
  'B3: facts that expire are refreshed in the background: a run does not ask twice, nor wait',
  IN_SECONDS,
  async () => {
    const clock = jumpingClock();
    const fake = await startFake();
    const { ask } = remoteRunner(fake.url, { clock });
    await ask();
    clock.jump(301_000);
    fake.change({ swallow: ['/v1/models', '/version', '/openapi.json', '/metrics'] });
    // cut: its two requests are of one session
    const outcome = await ask({ budget: 4, maxSeconds: 3 });
    expect(outcome).toMatchObject({ answer: 'The answer is 4.', requests: 2, thinkingEndedBy: 'budget' });
  },
);

test('B3: facts that expire while a run is on its way change nothing for it', async () => {
  const clock = jumpingClock();
  const fake = await startFake({ msPerToken: 30 });
  const { ask } = remoteRunner(fake.url, { clock });
  await ask();
  const listed = times(fake, '/v1/models');
  const running = ask({ budget: 6, maxSeconds: 5 });
  await expect.poll(() => fake.running()).toBe(1);
  clock.jump(301_000);
  expect(await running).toMatchObject({ answer: 'The answer is 4.', requests: 2 });
  expect(times(fake, '/v1/models')).toBe(listed);
});

test('a server that was restarted with a longer window is believed at once', async () => {
  const first = await startFakeVllm({ window: 256 });
  const port = Number(new URL(first.url).port);
  const { ask } = remoteRunner(first.url);
  await ask();
  await first.close();
  await startFake({ window: 4096, port });
  const text = 'word '.repeat(400);
  expect((await ask({ text, maxSeconds: 8 })).answer).toBe('The answer is 4.');
});

test('a prompt that does not fit is an error only after the window was asked for again', async () => {
  const fake = await startFake({ window: 256 });
  const { ask } = remoteRunner(fake.url);
  await ask();
  const listed = times(fake, '/v1/models');
  await expect(ask({ text: 'word '.repeat(400) })).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW' });
  expect(times(fake, '/v1/models')).toBe(listed + 1);
});

test('a server that was restarted with another model is asked what it has, in the same call', async () => {
  const first = await startFakeVllm();
  const port = Number(new URL(first.url).port);
  const { ask } = remoteRunner(first.url);
  await ask();
  await first.close();
  await startFake({ model: 'thinkmeter-demo-3', port });
  expect(await ask({ maxSeconds: 8 })).toMatchObject({ answer: 'The answer is 4.', model: 'thinkmeter-demo-3' });
});

test('the status is always fresh', async () => {
  const fake = await startFake();
  const { ask, runner } = remoteRunner(fake.url);
  await ask();
  const listed = times(fake, '/v1/models');
  await runner.status(new AbortController().signal);
  expect(times(fake, '/v1/models')).toBe(listed + 1);
});

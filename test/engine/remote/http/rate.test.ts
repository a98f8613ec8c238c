/** A hosted service counts requests: a rate that was set is kept to, and nothing is asked that is not needed. */
import { expect, test, vi, onTestFinished } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { forever, generate, greedily } from '../../reading.ts';
import { startFake } from '../server/road.ts';

const signal = forever();

test('no more requests than the rate allows are made within a minute, and then the next are', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date', 'performance', 'setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url, requestsPerMinute: 6 });
  const calls = Promise.all(Array.from({ length: 4 }, () => generate(engine, 'x', greedily(2))));
  await vi.waitFor(() => expect(fake.requests.length).toBe(6));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(fake.requests).toHaveLength(6);
  for (let minutes = 0; minutes < 5; minutes += 1) {
    // oxlint-disable-next-line no-await-in-loop -- minute by minute
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(await calls).toHaveLength(4);
  await engine.close();
});

test('a server whose requests are counted is not looked at from all sides', async () => {
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url, requestsPerMinute: 100 });
  expect(await engine.describe({ signal })).toMatchObject({ countedBy: 'ids' });
  expect(new Set(fake.requests.map(({ path }) => path))).toEqual(new Set(['/v1/models', '/tokenize']));
});

/** A request that waits on a busy server is neither dropped nor sent again: undici's own limits are 300 seconds. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { startForwardProxy } from '../../../support/forward-proxy.ts';
import { startFake, startRoad } from '../../../support/road.ts';
import { factsOf, generateFrom, greedily, read } from '../../reading.ts';

/** The fake clock passes in steps; the connections live on the real one. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    // oxlint-disable-next-line no-await-in-loop -- step by step
    await vi.advanceTimersByTimeAsync(10_000);
    // oxlint-disable-next-line no-await-in-loop -- as above
    for (let turn = 0; turn < 20; turn++) await nextTurn();
  }
}

// liliMozi/openhanako#2517, joshuaswarren/remnic#2148, ollama/ollama-js#72
test.each([
  { name: 'without a proxy', proxied: false },
  { name: 'through a proxy', proxied: true },
])('headers that come after 400 seconds are waited for, in one request: $name', async ({ proxied }) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const fake = await startFake();
  let isBusy = true;
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (isBusy && path.endsWith('/v1/completions') ? 'silence' : undefined),
  });
  const { port } = await startForwardProxy({ to: road.url });
  const proxy = { variable: 'HTTP_PROXY', value: `127.0.0.1:${port}` };
  const options = proxied ? { baseUrl: 'http://gpu.example/v1', proxies: { http: proxy } } : { baseUrl: road.url };
  const engine = createRemoteEngine(options);
  onTestFinished(() => engine.close());
  await factsOf(engine);
  let failed: unknown;
  const reading = read(generateFrom(engine, [4, 296, 205], greedily(3))).catch((error: unknown) => (failed = error));
  await vi.waitFor(() => expect(road.passed.some(({ path }) => path.endsWith('/v1/completions'))).toBe(true), {
    timeout: 5000,
  });
  await pass(400);
  expect(failed).toBeUndefined();
  expect(road.passed.filter(({ path }) => path.endsWith('/v1/completions'))).toHaveLength(1);
  isBusy = false;
  await engine.close();
  await reading;
});

/** Requests of the probe, and the cost of a silent path. */
import { expect, onTestFinished, test } from 'vitest';
import { ALL_POLLS } from '../../../../src/engine/remote/server/recognise.ts';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import type { Engine } from '../../../../src/engine/engine.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
import { IN_SECONDS } from '../../../support/in-seconds.ts';
import { factsOf, forever } from '../../reading.ts';
import { startFake, startRoad, type Detour } from '../../../support/road.ts';

const signal = forever();

function engineAt(baseUrl: string, options: Partial<RemoteOptions> = {}): Engine {
  const engine = createRemoteEngine({ baseUrl, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

const sorted = (paths: Iterable<string>): string[] => [...paths].toSorted();

test.each<[Kind, readonly string[]]>([
  ['llama.cpp', ['/props', '/metrics']],
  ['lemonade', ['/v1/health', '/metrics']],
  ['sglang', ['/get_model_info', '/version', '/metrics']],
  ['tensorrt-llm', ['/version']],
  ['lm-studio', ['/api/v0/models']],
  ['ollama', ALL_POLLS],
  ['nim-1', ALL_POLLS],
  ['transformers', ALL_POLLS],
])('%s is polled once each at the list of models and %o', async (kind, polls) => {
  const fake = await startFakeServer(kind);
  onTestFinished(() => fake.close());
  await factsOf(engineAt(fake.url));
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path.replace(/\?.*/, ''));
  expect(sorted(looks)).toEqual(sorted(['/v1/models', ...polls]));
});

test('vLLM is polled once each at the list of models and its own side paths', async () => {
  const fake = await startFake();
  await factsOf(engineAt(fake.url));
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
  expect(sorted(looks)).toEqual(sorted(['/v1/models', '/version', '/openapi.json', '/metrics', '/is_sleeping']));
});

test('if the operator names the kind, only the paths of this kind are polled', async () => {
  const fake = await startFake();
  expect((await factsOf(engineAt(fake.url, { dialect: 'tensorrt-llm' }))).server).toContain(' tensorrt-llm ');
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
  expect(sorted(looks)).toEqual(['/v1/models', '/version']);
});

/** A vLLM behind a gateway that does not respond at some paths. */
async function silentAt(...silent: readonly string[]) {
  const quiet = new Set(silent);
  const fake = await startFake();
  const detour: Detour = ({ path }) => (quiet.has(path) ? 'silence' : undefined);
  const road = await startRoad(fake.url, { detour });
  return { ...road, wake: () => quiet.clear(), asked: (path: string) => road.passed.filter((it) => it.path === path) };
}

test(
  'a silent side path is skipped after its time limit, reported, and not polled for figures',
  IN_SECONDS,
  async () => {
    const { url, asked } = await silentAt('/metrics');
    const startedAt = performance.now();
    const session = await engineAt(url).open({ signal });
    expect(performance.now() - startedAt).toBeLessThan(4000);
    expect(session.facts).toMatchObject({ countedBy: 'ids', window: 2048 });
    expect(await session.status?.({ signal })).toMatchObject({ silent: ['/metrics'], kind: 'vllm', prompts: 'ids' });
    expect(await session.load?.({ signal })).toBeUndefined();
    expect(asked('/metrics')).toHaveLength(1);
  },
);

test('a server with a silent tokenizer is used in chat mode and described again after five seconds, without a call', async () => {
  const { url, wake, asked } = await silentAt('/tokenize');
  const clock = new FakeClock();
  const engine = engineAt(url, { clock });
  const session = await engine.open({ signal });
  const silent = [expect.stringContaining('/tokenize')];
  expect(await session.status?.({ signal })).toMatchObject({ prompts: 'messages', silent });
  wake();
  const before = asked('/tokenize').length;
  await clock.advance(5000);
  await expect.poll(() => asked('/tokenize').length).toBeGreaterThan(before);
  const prompts = async (): Promise<unknown> => (await (await engine.open({ signal })).status?.({ signal }))?.prompts;
  await expect.poll(prompts).toBe('ids');
});

test('if a request for the list of models gets no response, a second one is sent in parallel', async () => {
  let swallowed = 0;
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' && ++swallowed === 1 ? 'silence' : undefined),
  });
  expect(await factsOf(engineAt(road.url))).toMatchObject({ model: 'thinkmeter-demo' });
  expect(swallowed).toBe(2);
});

test.each([
  { name: 'is missing', answer: { status: 404, body: { detail: 'Not Found' } } },
  { name: 'fails', answer: { status: 500, body: { error: { message: 'cannot reach the hub' } } } },
  { name: 'is a web page', answer: { status: 200, body: '<html>welcome</html>' } },
])('a list of models that $name is not needed if the operator names the model', async ({ answer }) => {
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' ? answer : undefined),
  });
  expect(await factsOf(engineAt(road.url, { model: 'thinkmeter-demo' }))).toMatchObject({
    model: 'thinkmeter-demo',
    family: { name: 'nemotron-nano-2' },
    window: 2048,
  });
});

test('open waits for fresh facts', async () => {
  const fake = await startFake();
  const engine = engineAt(fake.url);
  const lists = (): number => fake.requests.filter(({ path }) => path === '/v1/models').length;
  await engine.open({ signal });
  await engine.open({ signal });
  expect(lists()).toBe(1);
  await engine.open({ signal, fresh: true });
  expect(lists()).toBe(2);
});

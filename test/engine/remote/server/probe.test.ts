/** What is asked of a server before it is used, and what a silent path costs. */
import { expect, onTestFinished, test } from 'vitest';
import { ALL_POLLS } from '../../../../src/engine/remote/server/dialects.ts';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import type { Engine } from '../../../../src/engine/engine.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
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
])('of %s, once each, are looked at the list of models and %o', async (kind, polls) => {
  const fake = await startFakeServer(kind);
  onTestFinished(() => fake.close());
  await factsOf(engineAt(fake.url));
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
  expect(sorted(looks)).toEqual(sorted(['/v1/models', ...polls]));
});

test('of vLLM, once each, are looked at the list of models and its own side paths', async () => {
  const fake = await startFake();
  await factsOf(engineAt(fake.url));
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
  expect(sorted(looks)).toEqual(sorted(['/v1/models', '/version', '/openapi.json', '/metrics']));
});

test('where the operator names the kind, nothing else is looked at', async () => {
  const fake = await startFake();
  expect((await factsOf(engineAt(fake.url, { dialect: 'tensorrt-llm' }))).server).toContain(' tensorrt-llm ');
  const looks = fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);
  expect(sorted(looks)).toEqual(['/v1/models', '/version']);
});

/** A vLLM behind a gateway that does not answer some paths. */
async function silentAt(...silent: readonly string[]) {
  const quiet = new Set(silent);
  const fake = await startFake();
  const detour: Detour = ({ path }) => (quiet.has(path) ? 'silence' : undefined);
  const road = await startRoad(fake.url, { detour });
  return { ...road, wake: () => quiet.clear(), asked: (path: string) => road.passed.filter((it) => it.path === path) };
}

test('a side path that is silent is left after a moment, told, and not asked for figures', async () => {
  const { url, asked } = await silentAt('/metrics');
  const startedAt = performance.now();
  const session = await engineAt(url).open({ signal });
  expect(performance.now() - startedAt).toBeLessThan(4000);
  expect(session.facts).toMatchObject({ countedBy: 'ids', window: 2048 });
  expect(await session.status?.({ signal })).toMatchObject({ silent: ['/metrics'], kind: 'vllm', prompts: 'ids' });
  expect(await session.load?.({ signal })).toBeUndefined();
  expect(asked('/metrics')).toHaveLength(1);
});

test('a server whose tokenizer is silent is talked to by messages, and looked at again after a minute', async () => {
  const { url, wake } = await silentAt('/tokenize');
  const clock = new FakeClock();
  const engine = engineAt(url, { clock });
  const session = await engine.open({ signal });
  const silent = [expect.stringContaining('/tokenize')];
  expect(await session.status?.({ signal })).toMatchObject({ prompts: 'messages', silent });
  wake();
  await clock.advance(60_000);
  const prompts = async (): Promise<unknown> => (await (await engine.open({ signal })).status?.({ signal }))?.prompts;
  await expect.poll(prompts).toBe('ids');
});

test('a request for the list of models that is swallowed is made again beside it', async () => {
  let swallowed = 0;
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' && ++swallowed === 1 ? 'silence' : undefined),
  });
  expect(await factsOf(engineAt(road.url))).toMatchObject({ model: 'thinkmeter-demo' });
  expect(swallowed).toBe(2);
});

test.each([
  { name: 'is not there', answer: { status: 404, body: { detail: 'Not Found' } } },
  { name: 'fails', answer: { status: 500, body: { error: { message: 'cannot reach the hub' } } } },
  { name: 'is a web page', answer: { status: 200, body: '<html>welcome</html>' } },
])('a list of models that $name is not needed where the operator names the model', async ({ answer }) => {
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' ? answer : undefined),
  });
  expect(await factsOf(engineAt(road.url, { model: 'thinkmeter-demo' }))).toMatchObject({
    model: 'thinkmeter-demo',
    family: { name: 'nemotron-nano-2' },
    window: 2048,
  });
});

test('fresh facts are waited for', async () => {
  const fake = await startFake();
  const engine = engineAt(fake.url);
  const lists = (): number => fake.requests.filter(({ path }) => path === '/v1/models').length;
  await engine.open({ signal });
  await engine.open({ signal });
  expect(lists()).toBe(1);
  await engine.open({ signal, fresh: true });
  expect(lists()).toBe(2);
});

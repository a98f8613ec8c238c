/** What is found out about a server and its model, and what a server has to have. */
import { expect, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { run } from '../../../src/run/run.ts';
import { EvidenceOfServers } from '../../../src/evidence/evidence.ts';
import { systemClock } from '../../../src/clock.ts';
import { createRemoteEngine } from '../../../src/engine/remote/engine.ts';
import { thinks } from '../../support/fake-vllm/scripts.ts';
import { ask, factsOf, failure, forever, generate, generateFrom, greedily, promptOf, read } from '../reading.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startFake, startRoad, type Answer, type Detour } from '../../support/road.ts';

const signal = forever();

/** A list of models as another server may give it. */
function lists(...data: readonly object[]): Detour {
  return ({ path }) => (path === '/v1/models' ? { status: 200, body: { object: 'list', data } } : undefined);
}

test.each(['', '/', '/v1', '/v1/'])('the address may end with "%s"', async (end) => {
  const fake = await startFake();
  const facts = await factsOf(createRemoteEngine({ baseUrl: fake.url + end }));
  expect(facts).toMatchObject({ engine: 'remote', model: 'thinkmeter-demo', window: 2048 });
  expect(fake.requests.map(({ path }) => path)).toEqual(expect.arrayContaining(['/v1/models', '/tokenize']));
});

test('the server may stand below a path of its own', async () => {
  const road = await startRoad((await startFake()).url, { below: '/gpu' });
  expect(await factsOf(createRemoteEngine({ baseUrl: `${road.url}/v1` }))).toMatchObject({ window: 2048 });
  for (const { path } of road.passed) expect(path).toMatch(/^\/gpu\//);
});

test('a server is asked once, however often its facts are wanted', async () => {
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url });
  await Promise.all([factsOf(engine), factsOf(engine)]);
  await generate(engine, 'x', greedily(3));
  await generate(engine, 'y', greedily(3));
  expect(fake.requests.filter(({ path }) => path === '/v1/models')).toHaveLength(1);
});

test('after some minutes a server is asked again: it may have been restarted with another model', async () => {
  const fake = await startFake();
  const clock = new FakeClock();
  const engine = createRemoteEngine({ baseUrl: fake.url, clock });
  const listed = (): number => fake.requests.filter(({ path }) => path === '/v1/models').length;
  await factsOf(engine);
  await clock.advance(299_000);
  await factsOf(engine);
  expect(listed()).toBe(1);
  await clock.advance(301_000);
  await Promise.all([factsOf(engine), factsOf(engine)]);
  await expect.poll(listed).toBe(2);
});

test('facts that could not be had are asked for again by the next call', async () => {
  const fake = await startFake();
  let broken = true;
  const road = await startRoad(fake.url, { detour: () => (broken ? { status: 500, body: {} } : undefined) });
  const engine = createRemoteEngine({ baseUrl: road.url });
  await expect(factsOf(engine)).rejects.toMatchObject({ code: 'ENGINE_HTTP' });
  broken = false;
  expect(await factsOf(engine)).toMatchObject({ model: 'thinkmeter-demo' });
});

test('a caller that gives up does not take the facts from another', async () => {
  const engine = createRemoteEngine({ baseUrl: (await startFake()).url });
  const leave = new AbortController();
  const given = failure(factsOf(engine, leave.signal));
  const kept = factsOf(engine);
  leave.abort();
  expect((await given).name).toBe('AbortError');
  expect(await kept).toMatchObject({ window: 2048 });
});

/** A server that is stopped, and started again at the same address with another model. */
async function restartedEngine(): Promise<Engine> {
  const first = await startFake();
  const engine = createRemoteEngine({ baseUrl: first.url });
  await generate(engine, 'x', greedily(3));
  await first.close();
  await startFake({ model: 'thinkmeter-demo-3', port: Number(new URL(first.url).port) });
  return engine;
}

test('a generation for a model that is not served any more is an error, and the next call asks what is', async () => {
  const engine = await restartedEngine();
  await expect(read(generateFrom(engine, [4, 5], greedily(3)))).rejects.toMatchObject({ status: 404 });
  expect(await factsOf(engine)).toMatchObject({ model: 'thinkmeter-demo-3' });
});

// once this 404 was taken for a server without /tokenize, and the old facts were kept for minutes
test('a prompt for a model that is not served any more says so, and the next call asks what is', async () => {
  const engine = await restartedEngine();
  await expect(promptOf(engine, 'y')).rejects.toMatchObject({ code: 'ENGINE_HTTP', status: 404 });
  expect(await factsOf(engine)).toMatchObject({ model: 'thinkmeter-demo-3' });
});

test.each([
  { name: 'one', models: [{ id: 'nemotron' }], says: 'serves nemotron, not gpt' },
  { name: 'two', models: [{ id: 'a' }, { id: 'b' }], says: 'serves a, b, not gpt' },
  { name: 'none', models: [], says: 'serves no model at all, not gpt' },
])('a model that the server does not have is an error that names those it has: $name', async ({ models, says }) => {
  const road = await startRoad((await startFake()).url, { detour: lists(...models) });
  await expect(factsOf(createRemoteEngine({ baseUrl: road.url, model: 'gpt' }))).rejects.toMatchObject({
    code: 'ENGINE_HTTP',
    message: expect.stringContaining(says),
    hint: expect.stringContaining('THINKMETER_MODEL'),
  });
});

test('a server without a model is an error, not a crash', async () => {
  const road = await startRoad((await startFake()).url, { detour: lists() });
  await expect(factsOf(createRemoteEngine({ baseUrl: road.url }))).rejects.toThrow(/serves no model at all$/);
});

test('of several Nemotrons the first is taken, or the one that was asked for', async () => {
  const first = { id: 'thinkmeter-demo', max_model_len: 2048 };
  const second = { id: 'some-lora', root: 'models/thinkmeter-demo', max_model_len: 1024 };
  const fake = await startFake({ servedName: 'some-lora' });
  const { url: baseUrl } = await startRoad(fake.url, { detour: lists(second, first) });
  expect(await factsOf(createRemoteEngine({ baseUrl }))).toMatchObject({
    model: 'some-lora',
    window: 1024,
  });
  const swapped = await startRoad(fake.url, { detour: lists(first, second) });
  const engine = createRemoteEngine({ baseUrl: swapped.url, model: 'some-lora' });
  expect(await factsOf(engine)).toMatchObject({ model: 'some-lora', window: 1024 });
});

test.each([
  { name: 'word', model: 'thinkmeter-demo', family: 'unknown (/think)', kind: 'word' },
  { name: 'argument', model: 'thinkmeter-demo-3', family: 'unknown (enable_thinking)', kind: 'argument' },
] as const)('where no name says it, the family is found by what the $name does', async ({ model, family, kind }) => {
  const fake = await startFake({ model, servedName: 'some-model' });
  const road = await startRoad(fake.url, {
    detour: lists({ id: 'some-model', root: '/weights/17', max_model_len: 2048 }),
  });
  const engine = createRemoteEngine({ baseUrl: road.url });
  const facts = await factsOf(engine);
  expect(facts.family).toMatchObject({ name: family, switch: { kind }, sampling: { on: {}, off: {} } });
  expect((await promptOf(engine, 'x')).thinking).toBe('open');
  expect((await promptOf(engine, 'x', false)).thinking).toBe('closed');
});

test('where the served name says nothing, the folder that the model came from may', async () => {
  const fake = await startFake({ model: 'thinkmeter-demo-3', servedName: 'some-model' });
  const { family, model } = await factsOf(createRemoteEngine({ baseUrl: fake.url }));
  expect({ family: family.name, model }).toEqual({ family: 'nemotron-3', model: 'some-model' });
});

test("the operator's sampling takes the place of the family's", async () => {
  const { url } = await startFake();
  const engine = createRemoteEngine({ baseUrl: url, sampling: { temperature: 0.3 } });
  expect((await factsOf(engine)).family.sampling).toEqual({
    on: { temperature: 0.3 },
    off: { temperature: 0.3 },
  });
});

test('a window that the list does not tell is asked of /tokenize', async () => {
  const fake = await startFake({ window: 1234 });
  const road = await startRoad(fake.url, { detour: lists({ id: 'thinkmeter-demo' }) });
  expect(await factsOf(createRemoteEngine({ baseUrl: road.url }))).toMatchObject({ window: 1234 });
});

test('a server that tells its window nowhere has the say itself', async () => {
  const withoutWindow: Answer = { status: 200, body: { tokens: [1, 2, 3], count: 3 } };
  const road = await startRoad((await startFake()).url, {
    detour: (passing) => (passing.path === '/tokenize' ? withoutWindow : lists({ id: 'thinkmeter-demo' })(passing)),
  });
  expect(await factsOf(createRemoteEngine({ baseUrl: road.url }))).toMatchObject({ window: Infinity });
});

test('a server without /tokenize is talked to by messages', async () => {
  const { url } = await startFake({ misbehave: { noTokenize: true } });
  const engine = createRemoteEngine({ baseUrl: url });
  expect(await factsOf(engine)).toMatchObject({ countedBy: 'usage', closerTokens: 0 });
  expect(await promptOf(engine, 'x')).toMatchObject({ thinking: 'hidden', beginning: { exact: false } });
});

// vLLM is believed to have it until it is asked
test.each([
  { name: 'as it is', hides: { noCompletions: true }, tokenizer: {} },
  {
    name: 'with a tokenizer of ours',
    hides: { noCompletions: true, noTokenize: true },
    tokenizer: { tokenizer: 'models/thinkmeter-demo' },
  },
])(
  'a server without /v1/completions is talked to by messages, in the same run: $name',
  async ({ hides, tokenizer }) => {
    const { url } = await startFake({ misbehave: hides, script: thinks('Well.', 'The answer is 4.') });
    const engine = createRemoteEngine({ baseUrl: url, ...tokenizer });
    const amount = { tokens: 64, given: true };
    const question = { ...ask('x'), thinkingBudget: amount, answerTokens: amount };
    const options = {
      runId: 'a-run',
      signal,
      clock: systemClock,
      startedAt: systemClock.now(),
      evidence: new EvidenceOfServers(),
    };
    const { outcome } = await run(question, engine, options);
    expect(outcome).toMatchObject({
      answer: 'The answer is 4.',
      requests: 1,
      honored: true,
    });
  },
);

// vLLM itself is believed to send them: its stream would be counted by the chunk
test('a server that sends no token ids when it is tried is counted by its usage', async () => {
  const { url } = await startFake({ misbehave: { noTokenIds: true } });
  const { pieces } = await generate(createRemoteEngine({ baseUrl: url, dialect: 'sglang' }), 'x', greedily(5));
  expect(pieces.map(({ counted }) => counted)).toEqual(Array.from({ length: 5 }, () => ({ tokens: 1, by: 'usage' })));
});

test.each([
  { name: 'a web page', answer: { status: 200, body: '<html>welcome</html>' } },
  { name: 'JSON of another kind', answer: { status: 200, body: { models: [] } } },
  {
    name: 'JSON with the wrong type',
    answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '{"data":' },
  },
])('an address where something else answers is an error that says so: $name', async ({ answer }) => {
  const road = await startRoad((await startFake()).url, { detour: () => answer });
  await expect(factsOf(createRemoteEngine({ baseUrl: road.url }))).rejects.toMatchObject({
    code: 'ENGINE_PROTOCOL',
    hint: expect.stringContaining('THINKMETER_BASE_URL'),
  });
});

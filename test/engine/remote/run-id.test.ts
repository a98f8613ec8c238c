/** Behind a router: all requests of one run carry the run's id, so that the router keeps them on one replica. */
import { expect, test } from 'vitest';
import { neverStopsThinking, thinks } from '../../support/fake-vllm/scripts.ts';
import { remoteRunner } from '../../support/remote-runner.ts';
import { startFake, startRoad, type Passing } from '../../support/road.ts';

const SESSION = 'x-session-id';

/** The requests of runs, by their id. */
function byRun(passed: readonly Passing[]): Map<string, Passing[]> {
  const found = new Map<string, Passing[]>();
  for (const passing of passed) {
    const id = passing.headers[SESSION];
    if (typeof id === 'string') found.set(id, [...(found.get(id) ?? []), passing]);
  }
  return found;
}

// what makes requests sticky: vllm-router docs/load_balancing, SGLang's router (X-SMG-Routing-Key), llm-d, Ray Serve
test('both requests of a cut run carry its id, and each run has its own', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const road = await startRoad(fake.url);
  const { ask, runs } = remoteRunner(road.url);
  const outcomes = [await ask({ budget: 16, text: 'a </think> b' }), await ask({ budget: 16, text: 'c' })];
  const found = byRun(road.passed);
  expect([...found.keys()]).toEqual(
    runs
      .list()
      .map((record) => record.run_id)
      .toReversed(),
  );
  expect([...found.keys()]).toEqual(outcomes.map(({ runId }) => runId));
  for (const [id, passed] of found) {
    expect(passed.filter(({ path }) => path === '/v1/completions').length).toBeGreaterThanOrEqual(2);
    for (const { headers } of passed) {
      expect(headers).toMatchObject({ [SESSION]: id, 'x-smg-routing-key': id });
      expect(id.length).toBeLessThan(256);
    }
  }
});

test('every generation and every tokenization of a run carries its id', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url);
  const { ask, engine } = remoteRunner(road.url);
  // what describes the server belongs to no run
  await engine.open({ signal: new AbortController().signal });
  const before = road.passed.length;
  expect(byRun(road.passed).size).toBe(0);
  await ask({ text: 'a </think> b' });
  const ofRun = road.passed.slice(before).filter(({ path }) => path !== '/metrics');
  expect(new Set(ofRun.map(({ path }) => path))).toContain('/tokenize');
  expect(byRun(ofRun).size).toBe(1);
  expect(ofRun.every(({ headers }) => headers[SESSION] !== undefined)).toBe(true);
});

test('parallel runs do not mix their ids', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  const road = await startRoad(fake.url);
  const { ask } = remoteRunner(road.url);
  await Promise.all(Array.from({ length: 8 }, (_, index) => ask({ budget: 8, text: `question ${index}` })));
  const generations = road.passed.filter(({ path }) => path === '/v1/completions');
  const counts = [...byRun(generations).values()].map((passed) => passed.length);
  expect(counts).toEqual(Array.from({ length: 8 }, () => 2));
});

test('a run in chat mode carries its id too', async () => {
  const fake = await startFake({ misbehave: { noTokenize: true }, script: neverStopsThinking() });
  const road = await startRoad(fake.url);
  const { ask } = remoteRunner(road.url);
  const { runId } = await ask({ budget: 8 });
  const chats = road.passed.filter(({ path }) => path === '/v1/chat/completions');
  expect(chats.length).toBeGreaterThanOrEqual(2);
  expect([...byRun(chats).keys()]).toEqual([runId]);
});

// production-stack: --routing-logic session --session-key x-user-id
test('the header that the operator named carries the id as well', async () => {
  const fake = await startFake();
  const { ask } = remoteRunner(fake.url, { sessionHeader: 'X-User-Id' });
  const { runId } = await ask();
  const generation = fake.requests.find(({ path }) => path === '/v1/completions');
  expect(generation?.headers).toMatchObject({ 'x-user-id': runId, [SESSION]: runId });
});

// llm-d-router, session-affinity-scorer: encoded_endpoint_header
test('a session token is returned with the next request of its run, and of no other', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  let answers = 0;
  const road = await startRoad(fake.url, { headers: () => ({ 'x-session-token': `token-${++answers}` }) });
  const { ask, engine } = remoteRunner(road.url);
  await engine.open({ signal: new AbortController().signal });
  await ask({ budget: 8 });
  await ask({ budget: 8, text: 'y' });
  const runs = [...byRun(road.passed.filter(({ path }) => path === '/v1/completions')).values()];
  expect(runs).toHaveLength(2);
  const [first, second] = runs.map((passed) => passed.map(({ headers }) => headers['x-session-token']));
  expect(first?.at(-1)).toMatch(/^token-\d+$/);
  expect(second?.at(-1)).toMatch(/^token-\d+$/);
  const all = road.passed.map(({ headers }) => headers['x-session-token']).filter((token) => token !== undefined);
  expect(first?.filter((token) => token !== undefined && second?.includes(token))).toEqual([]);
  expect(all.length).toBeGreaterThan(1);
});

test('the id stays the same when a server loses its token endpoints in the middle of a call', async () => {
  let isHidden = false;
  const fake = await startFake({ script: thinks('so', 'ok') });
  const road = await startRoad(fake.url, {
    detour: ({ path }) =>
      isHidden && path === '/v1/completions' ? { status: 404, body: { detail: 'Not Found' } } : undefined,
  });
  const { ask } = remoteRunner(road.url);
  await ask();
  isHidden = true;
  const { runId } = await ask({ text: 'again' });
  const chats = road.passed.filter(({ path }) => path === '/v1/chat/completions');
  expect([...byRun(chats).keys()]).toEqual([runId]);
});

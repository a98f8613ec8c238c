/** Endpoints that a gateway hides later: the session reports this, and the next session uses chat mode. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { EndpointGoneError, type Engine, type Session } from '../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../src/engine/remote/engine.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ask, failure, forever, greedily, read } from '../reading.ts';
import { startFake, startRoad, type Passing } from '../../support/road.ts';

const signal = forever();
const MINUTE = 60_000;
/** When the first partial facts are refreshed, in milliseconds. */
const AGAIN = 5000;
const NOT_FOUND = { status: 404, body: { detail: 'Not Found' } } as const;

type Hidden = {
  readonly engine: Engine;
  readonly clock: FakeClock;
  /** from now on the path returns 404, or does not respond */
  readonly hide: (path: string, how?: typeof NOT_FOUND | 'silence') => void;
  readonly show: () => void;
  /** requests to a path, in order */
  readonly asked: (path: string) => readonly Passing[];
};

async function start(): Promise<Hidden> {
  let hidden: { readonly path: string; readonly how: typeof NOT_FOUND | 'silence' } | undefined;
  const fake = await startFake();
  const road = await startRoad(fake.url, { detour: ({ path }) => (path === hidden?.path ? hidden.how : undefined) });
  const clock = new FakeClock();
  const engine = createRemoteEngine({ baseUrl: road.url, clock });
  onTestFinished(() => engine.close());
  return {
    engine,
    clock,
    hide: (path, how = NOT_FOUND) => (hidden = { path, how }),
    show: () => (hidden = undefined),
    asked: (path) => road.passed.filter((passing) => passing.path === path),
  };
}

const rendered = (session: Session, question = 'x') =>
  session.render(ask(question), { thinking: true, room: 64, signal });

/** The mode of a new session. */
async function way(engine: Engine): Promise<'ids' | 'messages'> {
  const { beginning } = await rendered(await engine.open({ signal }));
  return beginning.exact ? 'ids' : 'messages';
}

test.each(['/tokenize', '/detokenize'])(
  'a hidden %s is reported by render, and the next session uses chat mode',
  async (path) => {
    const { engine, hide } = await start();
    const session = await engine.open({ signal });
    hide(path);
    expect(await failure(rendered(session))).toBeInstanceOf(EndpointGoneError);
    expect(await way(engine)).toBe('messages');
  },
);

// rendering needs decode as well as encode
test.each(['/tokenize', '/detokenize'])(
  'if %s is hidden from the beginning, the first session uses chat mode',
  async (path) => {
    const { engine, hide } = await start();
    hide(path);
    const session = await engine.open({ signal });
    const { beginning } = await rendered(session);
    expect(beginning.exact).toBe(false);
    expect((await read(session.generate(beginning, greedily(5), { signal }))).text).not.toBe('');
  },
);

test('a hidden /v1/completions is reported by generate, and the next session uses chat mode', async () => {
  const { engine, hide, asked } = await start();
  const session = await engine.open({ signal });
  const { beginning } = await rendered(session);
  hide('/v1/completions');
  const gone = await failure(read(session.generate(beginning, greedily(5), { signal })));
  expect(gone).toBeInstanceOf(EndpointGoneError);
  expect(asked('/v1/completions')).toHaveLength(1);
  const next = await engine.open({ signal });
  const { beginning: messages } = await rendered(next);
  const { text } = await read(next.generate(messages, greedily(5), { signal }));
  expect(text).not.toBe('');
  // the endpoint is avoided without a further request
  expect(asked('/v1/completions')).toHaveLength(1);
});

test('a hidden /tokenize is reported by extend if the kept text has no ids', async () => {
  const { engine, hide } = await start();
  const session = await engine.open({ signal });
  const { beginning } = await rendered(session);
  hide('/tokenize');
  const kept = { ids: undefined, text: '2 + 2', reasoning: '2 + 2', open: true };
  expect(await failure(session.extend(beginning, kept, { signal }))).toBeInstanceOf(EndpointGoneError);
  expect(await way(engine)).toBe('messages');
});

test('an endpoint that does not respond in time counts as gone', async () => {
  const { engine, hide, asked } = await start();
  const session = await engine.open({ signal });
  hide('/tokenize', 'silence');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const before = asked('/tokenize').length;
  const gone = failure(rendered(session, 'y'));
  await vi.waitFor(() => expect(asked('/tokenize').length).toBeGreaterThan(before), { timeout: 5000 });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(await gone).toBeInstanceOf(EndpointGoneError);
});

// a gateway may hide a path for a moment
test('token ids are avoided for five seconds, then tried with one token, then used again', async () => {
  const { engine, clock, hide, show, asked } = await start();
  const session = await engine.open({ signal });
  const { beginning } = await rendered(session);
  hide('/v1/completions');
  await failure(read(session.generate(beginning, greedily(5), { signal })));
  show();
  expect(await way(engine)).toBe('messages');
  await clock.advance(AGAIN - 1);
  expect(await way(engine)).toBe('messages');
  expect(asked('/v1/completions')).toHaveLength(1);
  // no call is needed
  await clock.advance(1);
  await expect.poll(() => asked('/v1/completions').length).toBe(2);
  await expect.poll(() => way(engine)).toBe('ids');
  expect(asked('/v1/completions').map(({ body }) => body['max_tokens'])).toEqual([5, 1]);
});

test('a hidden endpoint is tried after five seconds, then once a minute, and by no run', async () => {
  const { engine, clock, hide, asked } = await start();
  const session = await engine.open({ signal });
  const { beginning } = await rendered(session);
  hide('/v1/completions');
  await failure(read(session.generate(beginning, greedily(5), { signal })));
  expect(await way(engine)).toBe('messages');
  await clock.advance(AGAIN);
  await expect.poll(() => asked('/v1/completions').length).toBe(2);
  expect(await way(engine)).toBe('messages');
  // the trial's result may not have arrived when the clock is turned for the first time
  const nextMinute = async (): Promise<number> => {
    await clock.advance(MINUTE);
    expect(await way(engine)).toBe('messages');
    return asked('/v1/completions').length;
  };
  await expect.poll(nextMinute).toBeGreaterThan(2);
  expect(await way(engine)).toBe('messages');
  expect(asked('/v1/completions').at(-1)?.body).toMatchObject({ max_tokens: 1 });
});

test('an open session keeps its facts, whatever the engine finds meanwhile', async () => {
  const { engine, hide, show } = await start();
  const [kept, other] = [await engine.open({ signal }), await engine.open({ signal })];
  const { beginning } = await rendered(kept);
  hide('/tokenize');
  await failure(rendered(other, 'y'));
  show();
  expect(await way(engine)).toBe('messages');
  expect((await read(kept.generate(beginning, greedily(5), { signal }))).ids).toHaveLength(5);
});

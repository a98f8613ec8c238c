/** Known facts are used at once and refreshed in the background; callers wait only if the facts are doubted. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Known } from '../../../src/engine/remote/known.ts';
import { EngineHttpError, EngineUnreachableError } from '../../../src/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { failure, forever } from '../reading.ts';

type Facts = { readonly isPartial: boolean; readonly turn: number };

const MINUTE = 60_000;
const EXPIRES = 5 * MINUTE;
const signal = forever();

/** The test settles each description, in order. */
function asking(isPartial = false) {
  const clock = new FakeClock();
  const waiting: { answer: () => void; fail: (error: Error) => void }[] = [];
  let asked = 0;
  const known = new Known<Facts>(() => {
    const turn = ++asked;
    return new Promise((resolve, reject) => {
      waiting.push({ answer: () => resolve({ isPartial, turn }), fail: reject });
    });
  }, clock);
  const settle = async (act: (next: (typeof waiting)[number]) => void): Promise<void> => {
    const next = waiting.shift();
    if (next === undefined) throw new Error('nothing was asked');
    act(next);
    await nextTurn();
  };
  return {
    clock,
    known,
    get: (fresh = false) => known.get({ signal, fresh }),
    answer: () => settle((next) => next.answer()),
    fail: (error: Error) => settle((next) => next.fail(error)),
    asked: () => asked,
  };
}

/** With one successful description. */
async function begun(isPartial = false): Promise<ReturnType<typeof asking>> {
  const it = asking(isPartial);
  const first = it.get();
  await it.answer();
  await first;
  return it;
}

const unreachable = new EngineUnreachableError('nobody is there', { hint: 'start it' });

test('while no facts are known all callers share one description', async () => {
  const it = asking();
  const both = Promise.all([it.get(), it.get()]);
  await it.answer();
  expect(await both).toMatchObject([{ turn: 1 }, { turn: 1 }]);
  expect(it.asked()).toBe(1);
});

test('a caller that aborts does not end the description for others', async () => {
  const it = asking();
  const leave = new AbortController();
  const given = failure(it.known.get({ signal: leave.signal }));
  const kept = it.get();
  leave.abort();
  expect((await given).name).toBe('AbortError');
  await it.answer();
  expect(await kept).toMatchObject({ turn: 1 });
  expect(it.asked()).toBe(1);
});

test('after a failure the next call starts a new description', async () => {
  const it = asking();
  const failed = failure(it.get());
  await it.fail(unreachable);
  expect(await failed).toBe(unreachable);
  const again = it.get();
  await it.answer();
  expect(await again).toMatchObject({ turn: 2 });
});

test('known facts are used for 5 minutes', async () => {
  const it = await begun();
  await it.clock.advance(EXPIRES - 1);
  expect(await it.get()).toMatchObject({ turn: 1 });
  expect(it.asked()).toBe(1);
  await it.clock.advance(1);
  await it.get();
  expect(it.asked()).toBe(2);
});

describe('partial facts', () => {
  const AGAIN = 5000;

  test('are refreshed once without a call, because the server may have stood still for a moment', async () => {
    const it = await begun(true);
    await it.clock.advance(AGAIN - 1);
    expect(it.asked()).toBe(1);
    await it.clock.advance(1);
    expect(it.asked()).toBe(2);
    await it.answer();
    expect(await it.get()).toMatchObject({ turn: 2 });
    expect(it.clock.timers).toBe(0);
  });

  test('that are still partial are used for a minute, and refreshed with a call', async () => {
    const it = await begun(true);
    await it.clock.advance(AGAIN);
    await it.answer();
    await it.clock.advance(MINUTE - 1);
    await it.get();
    expect(it.asked()).toBe(2);
    await it.clock.advance(1);
    expect(await it.get()).toMatchObject({ turn: 2 });
    expect(it.asked()).toBe(3);
    await it.answer();
    await it.clock.advance(AGAIN);
    expect(it.asked()).toBe(3);
  });

  test('of a server that was started again are refreshed soon once more', async () => {
    const it = await begun(true);
    await it.clock.advance(AGAIN);
    await it.answer();
    it.known.doubt();
    const waiting = it.get();
    await it.answer();
    await waiting;
    await it.clock.advance(AGAIN);
    expect(it.asked()).toBe(4);
  });

  test('are not refreshed after closing', async () => {
    const it = await begun(true);
    it.known.close();
    await it.clock.advance(AGAIN);
    expect(it.asked()).toBe(1);
  });
});

test('expired facts are used at once and refreshed in the background', async () => {
  const it = await begun();
  await it.clock.advance(EXPIRES);
  expect(await Promise.all([it.get(), it.get()])).toMatchObject([{ turn: 1 }, { turn: 1 }]);
  expect(it.asked()).toBe(2);
  await it.answer();
  expect(await it.get()).toMatchObject({ turn: 2 });
  await it.clock.advance(EXPIRES - 1);
  await it.get();
  expect(it.asked()).toBe(2);
});

test('a failed refresh keeps the known facts and is not repeated with every call', async () => {
  const it = await begun();
  await it.clock.advance(EXPIRES);
  await it.get();
  await it.fail(new EngineHttpError('busy', 503));
  expect(await it.get()).toMatchObject({ turn: 1 });
  await it.clock.advance(9999);
  await it.get();
  expect(it.asked()).toBe(2);
  await it.clock.advance(1);
  expect(await it.get()).toMatchObject({ turn: 1 });
  expect(it.asked()).toBe(3);
});

test('if a refresh could not connect, the next call waits and gets the error', async () => {
  const it = await begun();
  await it.clock.advance(EXPIRES);
  await it.get();
  await it.fail(unreachable);
  const failed = failure(it.get());
  await it.fail(unreachable);
  expect(await failed).toBe(unreachable);
  const again = it.get();
  await it.answer();
  expect(await again).toMatchObject({ turn: 4 });
});

test('doubted facts are refreshed once before the next use', async () => {
  const it = await begun();
  it.known.doubt();
  const waiting = it.get();
  await it.answer();
  expect(await waiting).toMatchObject({ turn: 2 });
  expect(await it.get()).toMatchObject({ turn: 2 });
  expect(it.asked()).toBe(2);
});

test('doubted facts stay doubted if the refresh fails', async () => {
  const it = await begun();
  it.known.doubt();
  const failed = failure(it.get());
  await it.fail(new EngineHttpError('busy', 503));
  expect((await failed).message).toBe('busy');
  const again = it.get();
  await it.answer();
  expect(await again).toMatchObject({ turn: 3 });
});

test('fresh facts are described again, however new the known facts are', async () => {
  const it = await begun();
  const fresh = it.get(true);
  expect(await it.get()).toMatchObject({ turn: 1 });
  await it.answer();
  expect(await fresh).toMatchObject({ turn: 2 });
});

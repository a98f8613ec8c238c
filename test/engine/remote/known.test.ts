/** What is known of a server: used at once, refreshed beside it, and waited for only where it is doubted. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Known } from '../../../src/engine/remote/known.ts';
import { EngineHttpError, EngineUnreachableError } from '../../../src/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { failure, forever } from '../reading.ts';

type Facts = { readonly isPartial: boolean; readonly turn: number };

const MINUTE = 60_000;
const EXPIRES = 5 * MINUTE;
const signal = forever();

/** Each ask is answered by hand, in order. */
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

/** With an answer. */
async function begun(isPartial = false): Promise<ReturnType<typeof asking>> {
  const it = asking(isPartial);
  const first = it.get();
  await it.answer();
  await first;
  return it;
}

const unreachable = new EngineUnreachableError('nobody is there', { hint: 'start it' });

test('while nothing is known it is asked once, for all who wait', async () => {
  const it = asking();
  const both = Promise.all([it.get(), it.get()]);
  await it.answer();
  expect(await both).toMatchObject([{ turn: 1 }, { turn: 1 }]);
  expect(it.asked()).toBe(1);
});

test('one who gives up takes nothing from another', async () => {
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

test('what failed is asked again by the next call', async () => {
  const it = asking();
  const failed = failure(it.get());
  await it.fail(unreachable);
  expect(await failed).toBe(unreachable);
  const again = it.get();
  await it.answer();
  expect(await again).toMatchObject({ turn: 2 });
});

test.each([
  { name: 'some minutes', isPartial: false, ms: EXPIRES },
  { name: 'a minute, where something did not answer', isPartial: true, ms: MINUTE },
])('what is known is used for $name', async ({ isPartial, ms }) => {
  const it = await begun(isPartial);
  await it.clock.advance(ms - 1);
  expect(await it.get()).toMatchObject({ turn: 1 });
  expect(it.asked()).toBe(1);
  await it.clock.advance(1);
  await it.get();
  expect(it.asked()).toBe(2);
});

test('what is old is used at once, and asked for again beside it', async () => {
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

test('a refresh that fails leaves what is known, and is not repeated with every call', async () => {
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

test('where a refresh reached nobody the next call waits, and is told', async () => {
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

test('what is doubted is waited for, once', async () => {
  const it = await begun();
  it.known.doubt();
  const waiting = it.get();
  await it.answer();
  expect(await waiting).toMatchObject({ turn: 2 });
  expect(await it.get()).toMatchObject({ turn: 2 });
  expect(it.asked()).toBe(2);
});

test('what is doubted, and cannot be asked, stays doubted', async () => {
  const it = await begun();
  it.known.doubt();
  const failed = failure(it.get());
  await it.fail(new EngineHttpError('busy', 503));
  expect((await failed).message).toBe('busy');
  const again = it.get();
  await it.answer();
  expect(await again).toMatchObject({ turn: 3 });
});

test('fresh facts are asked for, however young the known ones are', async () => {
  const it = await begun();
  const fresh = it.get(true);
  expect(await it.get()).toMatchObject({ turn: 1 });
  await it.answer();
  expect(await fresh).toMatchObject({ turn: 2 });
});

import { getEventListeners, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilAborted } from '../../src/engine/shared-wait.ts';

test('one waiter that gives up leaves the others waiting', async () => {
  const leave = new AbortController();
  const promise = once(leave.signal, 'abort').then(() => nextTurn(7));
  const given = untilAborted(promise, leave.signal);
  const kept = untilAborted(promise, new AbortController().signal);
  const reason = new Error('enough');
  leave.abort(reason);
  await expect(given).rejects.toBe(reason);
  expect(await kept).toBe(7);
});

test('a failure reaches every waiter', async () => {
  const failing = Promise.reject(new Error('no'));
  const { signal } = new AbortController();
  await expect(untilAborted(failing, signal)).rejects.toThrow('no');
  await expect(untilAborted(failing, signal)).rejects.toThrow('no');
});

test('a waiter that is served leaves no listener behind', async () => {
  const { signal } = new AbortController();
  for (let calls = 0; calls < 5; calls++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await untilAborted(Promise.resolve(1), signal);
  }
  await nextTurn();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

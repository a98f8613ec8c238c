/** What is known of a server's mechanisms, kept while the server stays the same. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Trust, type Verdict } from '../../src/evidence/trust.ts';

const HELD: Verdict = { held: true };
const FAILED: Verdict = { held: false, why: 'it thought on' };
const A = 'http://a vllm 0.32.0 model';
const B = 'http://a vllm 0.33.0 model';

function counted(verdict: Verdict | undefined): { times: number; test: () => Promise<Verdict | undefined> } {
  const trial = {
    times: 0,
    test: () => {
      trial.times += 1;
      return Promise.resolve(verdict);
    },
  };
  return trial;
}

test('of a server that is new nothing is known', () => {
  const trust = new Trust();
  expect(trust.verdict(A, 'native')).toBeUndefined();
  expect(trust.failure(A, 'native')).toBeUndefined();
  expect(trust.told(A)).toEqual({});
});

test('what was found out is told, each mechanism for itself', () => {
  const trust = new Trust();
  trust.fail(A, 'native', 'it thought on');
  trust.hold(A, 'stream');
  expect(trust.told(A)).toEqual({ native: 'it thought on', stream: 'held' });
  expect(trust.failure(A, 'native')).toBe('it thought on');
  expect(trust.failure(A, 'stream')).toBeUndefined();
});

test('the last word counts', () => {
  const trust = new Trust();
  trust.hold(A, 'native');
  trust.fail(A, 'native', 'it thought on');
  expect(trust.verdict(A, 'native')).toEqual(FAILED);
});

test('another version, model or address: everything is forgotten, also when the old one comes back', () => {
  const trust = new Trust();
  trust.fail(A, 'native', 'it thought on');
  trust.hold(A, 'stream');
  expect(trust.verdict(B, 'native')).toBeUndefined();
  expect(trust.told(A)).toEqual({});
});

test.each([
  { name: 'held', verdict: HELD, holds: true },
  { name: 'failed', verdict: FAILED, holds: false },
])('a test is made once: $name', async ({ verdict, holds }) => {
  const trust = new Trust();
  const trial = counted(verdict);
  expect(await trust.holds(A, 'native', trial.test)).toBe(holds);
  expect(await trust.holds(A, 'native', trial.test)).toBe(holds);
  expect(trial.times).toBe(1);
});

test('a test that told nothing is made again, but not for ever', async () => {
  const trust = new Trust();
  const trial = counted(undefined);
  for (let turn = 1; turn <= 5; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await trust.holds(A, 'native', trial.test)).toBe(false);
  }
  expect(trial.times).toBe(3);
  expect(trust.failure(A, 'native')).toMatch(/told nothing/);
});

// each who waited counts it: one test of three calls at a time is three tests
test('a test that told nothing counts once, however many waited for it', async () => {
  const trust = new Trust();
  const trial = counted(undefined);
  await Promise.all(Array.from({ length: 3 }, () => trust.holds(A, 'native', trial.test)));
  expect(trial.times).toBe(1);
  expect(trust.failure(A, 'native')).toBeUndefined();
});

test('a test is made once for all who ask meanwhile', async () => {
  const trust = new Trust();
  const trial = counted(HELD);
  const asked = Array.from({ length: 5 }, () => trust.holds(A, 'native', trial.test));
  expect(await Promise.all(asked)).toEqual([true, true, true, true, true]);
  expect(trial.times).toBe(1);
});

test('what is known needs no test', async () => {
  const trust = new Trust();
  trust.fail(A, 'native', 'it thought on');
  const trial = counted(HELD);
  expect(await trust.holds(A, 'native', trial.test)).toBe(false);
  expect(trial.times).toBe(0);
});

test('a test that breaks is an error of who asked, and is made again', async () => {
  const trust = new Trust();
  await expect(trust.holds(A, 'native', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  expect(await trust.holds(A, 'native', counted(HELD).test)).toBe(true);
});

test('another server is tested for itself', async () => {
  const trust = new Trust();
  expect(await trust.holds(A, 'native', counted(FAILED).test)).toBe(false);
  expect(await trust.holds(B, 'native', counted(HELD).test)).toBe(true);
});

// tests under way are not kept by server: who asks for the new server is given the old one's verdict
test('a server that changes while a test runs is tested for itself', async () => {
  const trust = new Trust();
  const old = trust.holds(A, 'native', () => nextTurn(HELD));
  const trial = counted(FAILED);
  const fresh = trust.holds(B, 'native', trial.test);
  await old;
  expect(await fresh).toBe(false);
  expect(trial.times).toBe(1);
});

test('what may be chance fails when it came three times in a row', () => {
  const trust = new Trust();
  trust.suspect(A, 'stream', 'one burst');
  trust.suspect(A, 'stream', 'one burst');
  expect(trust.failure(A, 'stream')).toBeUndefined();
  trust.suspect(A, 'stream', 'one burst');
  expect(trust.failure(A, 'stream')).toBe('one burst');
});

test.each([
  { name: 'it was cleared between', between: (trust: Trust) => trust.clear() },
  { name: 'the server changed between', between: (trust: Trust) => void trust.told(B) },
])('three times are not in a row where $name', ({ between }) => {
  const trust = new Trust();
  trust.suspect(A, 'stream', 'one burst');
  trust.suspect(A, 'stream', 'one burst');
  between(trust);
  trust.suspect(A, 'stream', 'one burst');
  expect(trust.failure(A, 'stream')).toBeUndefined();
});

test('of what was timed the least counts, for this server only', () => {
  const trust = new Trust();
  expect(trust.promptRatio(A)).toBeUndefined();
  for (const ratio of [0.03, 0.01, 0.02]) trust.timed(A, ratio);
  expect(trust.promptRatio(A)).toBe(0.01);
  expect(trust.promptRatio(B)).toBeUndefined();
});

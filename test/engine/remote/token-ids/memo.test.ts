import { expect, test } from 'vitest';
import { Memo } from '../../../../src/engine/remote/token-ids/codecs.ts';

test('a value is computed once per key', async () => {
  const memo = new Memo<number>();
  let asked = 0;
  const ask = (): Promise<number> => Promise.resolve(++asked);
  expect([await memo.get('a', ask), await memo.get('a', ask), await memo.get('b', ask)]).toEqual([1, 1, 2]);
});

test('an empty value is cached too', async () => {
  const memo = new Memo<string>();
  await memo.get('a', () => Promise.resolve(''));
  expect(await memo.get('a', () => Promise.reject(new Error('asked again')))).toBe('');
});

test('a failed computation is repeated', async () => {
  const memo = new Memo<number>();
  await expect(memo.get('a', () => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
  expect(await memo.get('a', () => Promise.resolve(7))).toBe(7);
});

test('neither long keys nor more than 512 values are cached', async () => {
  const memo = new Memo<number>();
  let asked = 0;
  const ask = (): Promise<number> => Promise.resolve(++asked);
  const document = 'x'.repeat(100_000);
  await memo.get(document, ask);
  await memo.get(document, ask);
  expect(asked).toBe(2);
  const keys = Array.from({ length: 2000 }, (_, index) => `key ${index}`);
  for (const key of keys) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await memo.get(key, ask);
  }
  // the newest values are cached, the first is not
  await memo.get('key 1999', ask);
  expect(asked).toBe(2002);
  await memo.get('key 0', ask);
  expect(asked).toBe(2003);
});

test('a value in frequent use stays cached', async () => {
  const memo = new Memo<number>();
  let asked = 0;
  const ask = (): Promise<number> => Promise.resolve(++asked);
  await memo.get('often', ask);
  for (let others = 0; others < 2000; others += 1) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await memo.get(`other ${others}`, ask);
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await memo.get('often', ask)).toBe(1);
  }
});

import { describe, expect, test } from 'vitest';
import { Trail } from '../../src/stream/trail.ts';
import { inChunks } from '../support/chunks.ts';
import { byteTokens, wordTokens, type Tokens } from '../support/tokens.ts';

type Trailed = { readonly trail: Trail; readonly asked: (readonly number[])[] };

/** A trail that these chunks left. */
function trailed(tokens: Tokens, text: string, sizes: readonly number[]): Trailed {
  const asked: (readonly number[])[] = [];
  const trail = new Trail((ids) => {
    asked.push(ids);
    return Promise.resolve(tokens.decode(ids));
  });
  for (const piece of inChunks(tokens, tokens.encode(text), sizes)) trail.append(piece.ids, piece.text);
  return { trail, asked };
}

/** `a`, an emoji of four bytes, `b`. */
const emoji = (sizes: readonly number[]): Trailed => trailed(byteTokens(), 'a🙂b', sizes);

test('text and ids are there as they came', () => {
  const { trail } = trailed(wordTokens(), 'one two\nthree', [2]);
  expect(trail.ids).toHaveLength(4);
  expect(trail).toHaveLength(13);
  expect(trail.since(0)).toBe('one two\nthree');
  expect(trail.since(5)).toBe('wo\nthree');
  expect(trail.since(99)).toBe('');
  expect(trail.slice(4, 7)).toBe('two');
  expect(trail.slice(7, 4)).toBe('');
});

test('where a chunk is one id nothing is asked of the engine', async () => {
  const { trail, asked } = trailed(wordTokens(), 'one two\nthree', [1]);
  expect(await trail.boundaryByTokens(2)).toEqual({ tokens: 2, chars: 7 });
  expect(await trail.boundaryByChars(6)).toEqual({ tokens: 1, chars: 3 });
  expect(await trail.boundaryAfterChars(6)).toEqual({ tokens: 2, chars: 7 });
  expect(await trail.lineEnd(0, 4)).toEqual({ tokens: 3, chars: 8 });
  expect(await trail.whole()).toEqual({ tokens: 4, chars: 13 });
  expect(asked).toEqual([]);
});

test('of chunks of several ids only the one that a boundary lies in is asked for', async () => {
  const tokens = wordTokens();
  const { trail, asked } = trailed(tokens, 'one two three four five six', [3]);
  expect(await trail.boundaryByTokens(4)).toEqual({ tokens: 4, chars: 18 });
  expect(new Set(asked.map((ids) => ids[0]))).toEqual(new Set(tokens.encode(' four')));
});

test('an empty trail ends where it begins', async () => {
  const { trail } = trailed(wordTokens(), '', [1]);
  const nowhere = { tokens: 0, chars: 0 };
  expect(await trail.boundaryByTokens(5)).toEqual(nowhere);
  expect(await trail.boundaryByChars(0)).toEqual(nowhere);
  expect(await trail.boundaryAfterChars(0)).toEqual(nowhere);
  expect(await trail.lineEnd(-4, 4)).toBeUndefined();
  expect(await trail.whole()).toEqual(nowhere);
});

describe.each([
  { name: 'one id a chunk', sizes: [1] },
  { name: 'two', sizes: [2] },
  { name: 'three', sizes: [3] },
  { name: 'half a character at the end of the first', sizes: [4, 1] },
  { name: 'half a character at the end of the first, the rest in one', sizes: [4, 9] },
  { name: 'all in one', sizes: [9] },
])('with $name a boundary is never inside a character', ({ sizes }) => {
  test.each([
    { tokens: 0, at: { tokens: 0, chars: 0 } },
    { tokens: 1, at: { tokens: 1, chars: 1 } },
    { tokens: 2, at: { tokens: 1, chars: 1 } },
    { tokens: 3, at: { tokens: 1, chars: 1 } },
    { tokens: 4, at: { tokens: 1, chars: 1 } },
    { tokens: 5, at: { tokens: 5, chars: 3 } },
    { tokens: 6, at: { tokens: 6, chars: 4 } },
    { tokens: 7, at: { tokens: 6, chars: 4 } },
  ])('by $tokens tokens', async ({ tokens, at }) => {
    expect(await emoji(sizes).trail.boundaryByTokens(tokens)).toEqual(at);
  });

  test.each([
    { chars: 0, at: { tokens: 0, chars: 0 }, after: { tokens: 0, chars: 0 } },
    { chars: 1, at: { tokens: 1, chars: 1 }, after: { tokens: 1, chars: 1 } },
    { chars: 3, at: { tokens: 5, chars: 3 }, after: { tokens: 5, chars: 3 } },
    { chars: 4, at: { tokens: 6, chars: 4 }, after: { tokens: 6, chars: 4 } },
  ])('by $chars characters', async ({ chars, at, after }) => {
    expect(await emoji(sizes).trail.boundaryByChars(chars)).toEqual(at);
    expect(await emoji(sizes).trail.boundaryAfterChars(chars)).toEqual(after);
  });
});

test('a boundary is never the end of a chunk that ended in half a character', async () => {
  expect(await emoji([3, 1, 1, 1]).trail.boundaryByTokens(4)).toEqual({ tokens: 1, chars: 1 });
});

test('a long chunk is not whole where it ends in half a character', async () => {
  const { trail } = trailed(byteTokens(), '한한', [6]);
  trail.append(byteTokens().encode('한한🙂').slice(0, 9), '한한');
  expect(await trail.whole()).toEqual({ tokens: 12, chars: 4 });
});

test.each([
  { name: 'nothing follows', sizes: [3], text: 'a🙂', dropped: 2, whole: { tokens: 1, chars: 1 } },
  { name: 'it came an id at a time', sizes: [1], text: 'a🙂', dropped: 1, whole: { tokens: 1, chars: 1 } },
  { name: 'it came with others', sizes: [2], text: 'ab🙂', dropped: 1, whole: { tokens: 2, chars: 2 } },
  { name: 'behind another', sizes: [6, 2], text: '🙂🙂', dropped: 1, whole: { tokens: 4, chars: 2 } },
  { name: 'nothing is half', sizes: [4], text: 'a🙂', dropped: 0, whole: { tokens: 5, chars: 3 } },
])('the last whole character, where the end is half of one: $name', async ({ sizes, text, dropped, whole }) => {
  const tokens = byteTokens();
  const ids = tokens.encode(text);
  const trail = new Trail((some) => Promise.resolve(tokens.decode(some)));
  for (const piece of inChunks(tokens, ids.slice(0, ids.length - dropped), sizes)) trail.append(piece.ids, piece.text);
  expect(await trail.whole()).toEqual(whole);
});

describe.each([
  { name: 'one id a chunk', sizes: [1] },
  { name: 'chunks of three', sizes: [3] },
  { name: 'one chunk', sizes: [40] },
])('the last line end in a stretch, $name', ({ sizes }) => {
  const text = 'one\ntwo three\nfour five';
  // one 1, \n 2, two 3, three 4, \n 5, four 6, five 7
  test.each([
    { name: 'the last of two', after: 0, until: 7, at: { tokens: 5, chars: 14 } },
    { name: 'right at its end', after: 4, until: 5, at: { tokens: 5, chars: 14 } },
    { name: 'not right at its beginning', after: 5, until: 7, at: undefined },
    { name: 'one that lies before another', after: 0, until: 4, at: { tokens: 2, chars: 4 } },
    { name: 'none', after: 2, until: 4, at: undefined },
    { name: 'a stretch that begins before the text', after: -20, until: 3, at: { tokens: 2, chars: 4 } },
  ])('$name', async ({ after, until, at }) => {
    expect(await trailed(wordTokens(), text, sizes).trail.lineEnd(after, until)).toEqual(at);
  });
});

test('a token that ends in a line end counts as one', async () => {
  const { trail } = trailed(wordTokens(), 'one\n\ntwo', [3]);
  expect(await trail.lineEnd(0, 3)).toEqual({ tokens: 2, chars: 5 });
});

test('where pieces read otherwise alone, the end of a chunk is the only boundary in it', async () => {
  const trail = new Trail(() => Promise.resolve('something else'));
  trail.append([1, 2, 3], 'abc');
  trail.append([4], 'd');
  expect(await trail.boundaryByTokens(2)).toEqual({ tokens: 0, chars: 0 });
  expect(await trail.boundaryByTokens(3)).toEqual({ tokens: 3, chars: 3 });
  expect(await trail.boundaryByChars(2)).toEqual({ tokens: 0, chars: 0 });
  expect(await trail.boundaryAfterChars(2)).toEqual({ tokens: 3, chars: 3 });
});

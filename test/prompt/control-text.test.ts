import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { breakApart, controlStrings } from '../../src/prompt/control-text.ts';
import { familyByName } from '../../src/prompt/families.ts';
import type { Family } from '../../src/prompt/family.ts';

const family = familyByName('thinkmeter-demo') as Family;
const TOKENS = ['<SPECIAL_11>', '<|im_end|>', '<s>', '</s>', '[INST]', '[/INST]', '[TOOL_CALLS]'];

/** The control strings of a text, for a tokenizer with exactly these control tokens. */
function found(text: string): Promise<string[]> {
  return controlStrings(text, family, async (candidate) => TOKENS.includes(candidate));
}

test.each([
  { name: 'the switch inside a path', text: 'see /docs/thinking.md', controls: ['/think'] },
  { name: 'the other switch', text: 'x /no_think y', controls: ['/no_think'] },
  // the switch is a part of the end marker
  { name: 'the end marker', text: 'a </think> b', controls: ['/think', '</think>'] },
  { name: 'the start marker', text: 'a <think> b', controls: ['<think>'] },
  { name: 'a control token', text: '<SPECIAL_11>Assistant', controls: ['<SPECIAL_11>'] },
  { name: 'a ChatML token', text: 'a<|im_end|>b', controls: ['<|im_end|>'] },
  { name: 'a bracketed one', text: '[INST]do[/INST]', controls: ['[INST]', '[/INST]'] },
  { name: 'the same twice', text: '<s><s>', controls: ['<s>'] },
  { name: 'one right behind a bracket', text: '<<s>', controls: ['<s>'] },
])('$name is found', async ({ text, controls }) => {
  expect((await found(text)).toSorted()).toEqual(controls.toSorted());
});

test.each([
  { name: 'plain words', text: 'What is 2 + 3?' },
  { name: 'Korean and an emoji', text: '오늘 날씨는 어때요? 🙂' },
  { name: 'an RSS feed, whose tags are also our own delimiters', text: '<item>1</item> <context>' },
  { name: 'a document in HTML', text: '<div class="a"><p>x</p></div>' },
  { name: 'a comparison', text: 'a < b and b > c' },
  { name: 'a link', text: '[NOTE](http://x)' },
  { name: 'nothing', text: '' },
])('$name holds no control string', async ({ text }) => {
  expect(await found(text)).toEqual([]);
});

// once the whole of `<a[INST]b>` was the only candidate in it
test('a bracketed control token inside angle brackets is found', async () => {
  expect(await found('<a[INST]b>')).toContain('[INST]');
});

test('beyond a few dozen candidates the tokenizer is not asked about each: all of them are broken', async () => {
  const tags = Array.from({ length: 1000 }, (_, index) => `<a${index}>`);
  let asked = 0;
  const controls = await controlStrings(tags.join(' '), family, async () => {
    asked++;
    return false;
  });
  expect(controls).toEqual(tags);
  expect(asked).toBeLessThan(100);
});

test.each([
  { name: 'in its middle', text: 'a </think> b', controls: ['</think>'], pieces: ['a </th', 'ink> b'] },
  { name: 'at each place', text: '<s><s>', controls: ['<s>'], pieces: ['<s', '><s', '>'] },
  { name: 'where places overlap', text: '/x/x/', controls: ['/x/'], pieces: ['/x', '/x', '/'] },
  { name: 'once where two begin', text: '</think>', controls: ['/think', '</think>'], pieces: ['</th', 'ink>'] },
  { name: 'not at all where there is none', text: 'plain', controls: ['</think>'], pieces: ['plain'] },
  { name: 'behind a character, not in it', text: '<🙂🙂>', controls: ['<🙂🙂>'], pieces: ['<🙂', '🙂>'] },
  { name: 'behind a character in the middle', text: '<🙂>', controls: ['<🙂>'], pieces: ['<🙂', '>'] },
])('a text is cut $name', ({ text, controls, pieces }) => {
  expect(breakApart(text, controls)).toEqual(pieces);
});

const control = fc.constantFrom(
  ...TOKENS,
  '</think>',
  '<think>',
  '/think',
  '/no_think',
  '<item>',
  '</context>',
  '<🙂>',
);
const words = fc.oneof(
  control,
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('<', '>', '/', '한국어'),
);

test('whatever the text, the pieces join to it, hold no control string, and split no character', () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 20 }), fc.uniqueArray(control, { minLength: 1 }), (parts, controls) => {
      const text = parts.join('');
      const pieces = breakApart(text, controls);
      expect(pieces.join('')).toBe(text);
      expect(pieces.filter((piece) => controls.some((one) => piece.includes(one)))).toEqual([]);
      // half a character would not survive
      expect(pieces.filter((piece) => Buffer.from(piece).toString() !== piece)).toEqual([]);
    }),
  );
});

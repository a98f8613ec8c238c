import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { possibleStart, withoutMarkers } from '../../src/stream/marker.ts';

const marker = '</think>';

test.each([
  { name: 'one character of it', text: 'a <', at: 2 },
  { name: 'half of it', text: 'a </thi', at: 2 },
  { name: 'all but its last character', text: '</think', at: 0 },
  { name: 'behind something that looked like it', text: '</thi</t', at: 5 },
  { name: 'behind a doubled beginning', text: '<</', at: 1 },
  { name: 'nothing of it', text: 'a thin', at: undefined },
  { name: 'a beginning that went on otherwise', text: '</thing', at: undefined },
  { name: 'the other marker', text: '<thi', at: undefined },
  { name: 'no text', text: '', at: undefined },
])('a text may end in $name', ({ text, at }) => {
  expect(possibleStart(text, marker)).toBe(at);
});

test('wherever a text is cut in two within the marker, its beginning is seen', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: marker.length - 1 }), (before, length) => {
      expect(possibleStart(before + marker.slice(0, length), marker)).toBe(before.length);
    }),
  );
});

test.each([
  { name: 'none', text: ' 42 ', bare: '42' },
  { name: 'one before it', text: '</think>\n\n42', bare: '42' },
  { name: 'an empty pair before it', text: '<think></think>\n\n42', bare: '42' },
  { name: 'one behind it', text: '42\n</think>\n', bare: '42' },
  { name: 'on both sides', text: '<think> </think> 42 <think>', bare: '42' },
  { name: 'nothing else', text: '<think>\n</think>', bare: '' },
  { name: 'one in its middle, which is its own', text: 'write </think> to end', bare: 'write </think> to end' },
  { name: 'letters of a marker', text: 'think this: hint', bare: 'think this: hint' },
])('a text is freed of the markers around it: $name', ({ text, bare }) => {
  expect(withoutMarkers(text, ['<think>', marker])).toBe(bare);
});

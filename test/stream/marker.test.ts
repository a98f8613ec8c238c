import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { familyByName } from '../../src/prompt/families.ts';
import type { Family } from '../../src/prompt/family.ts';
import { beginningOf, possibleStart, withoutMarkers, withoutStrayEnds } from '../../src/stream/marker.ts';

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

// smg-project/smg#2447, ikawrakow/ik_llama.cpp#2036: a stray end marker; posit-dev/shinychat#235: an answer about markers
test.each([
  { name: 'none', text: ' 42 ', bare: '42' },
  { name: 'one before the answer', text: '</think>Hello.', bare: 'Hello.' },
  { name: 'two before the answer, on lines of their own', text: '</think>\n</think>\n\nHello.', bare: 'Hello.' },
  { name: 'one behind the answer', text: 'Hello.\n</think>', bare: 'Hello.' },
  { name: 'one that ends a sentence', text: 'The closing tag is </think>', bare: 'The closing tag is </think>' },
  { name: 'one that begins a sentence', text: '</think> is the tag.', bare: '</think> is the tag.' },
  { name: 'nothing else', text: '</think>', bare: '</think>' },
  { name: 'a training sample', text: '<think>\nx\n</think>\n4', bare: '<think>\nx\n</think>\n4' },
])('an end marker that nothing opened: $name', ({ text, bare }) => {
  expect(withoutStrayEnds(text, marker)).toBe(bare);
});

const harmony = familyByName('gpt-oss-20b') as Family;
const qwen = familyByName('Qwen/Qwen3-4B') as Family;

test.each([
  { family: qwen, text: '\n<think>Hm', begins: { kind: 'thinking', at: 8 } },
  { family: qwen, text: '\n<thi', begins: { kind: 'undecided' } },
  { family: qwen, text: ' Hm', begins: { kind: 'answer', at: 0 } },
  { family: harmony, text: '<|channel|>analysis<|message|>Hm', begins: { kind: 'thinking', at: 30 } },
  // odysseus-dev/odysseus#4522: the preamble of a tool call is no answer
  { family: harmony, text: '<|channel|>commentary to=f<|message|>Hm', begins: { kind: 'thinking', at: 37 } },
  { family: harmony, text: '<|start|>assistant<|channel|>final<|message|>4', begins: { kind: 'answer', at: 45 } },
  { family: harmony, text: '<|channel|>fin', begins: { kind: 'undecided' } },
  { family: harmony, text: '<|chan', begins: { kind: 'undecided' } },
  { family: harmony, text: '4', begins: { kind: 'answer', at: 0 } },
])('$text begins with $begins.kind', ({ family, text, begins }) => {
  expect(beginningOf(text, family)).toEqual(begins);
});

test('a beginning that is decided stays as it is, whatever follows', () => {
  const part = fc.constantFrom(
    '<|start|>',
    'assistant',
    '<|channel|>',
    'final',
    'analysis',
    '<|message|>',
    '<',
    ' ',
    'x',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.string(), (parts, rest) => {
      const text = parts.join('');
      const begins = beginningOf(text, harmony);
      const later = begins.kind === 'undecided' ? begins : beginningOf(text + rest, harmony);
      expect(later).toEqual(begins);
    }),
  );
});

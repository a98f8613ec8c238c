/** Texts that a model might write, with what is hard for a reader of its tokens in them. */
import * as fc from 'fast-check';

/** Parts that nearly are a marker, merge with their neighbours, or take several tokens for one character. */
const parts = [
  '</thin',
  '</think',
  '<',
  'a</',
  '</',
  'think',
  '>',
  '<think',
  '.\n',
  '.\n\n',
  ':\n',
  '\n',
  ' \r\n',
  ' so',
  ' the answer',
  'x = 3.14',
  '1024',
  '!',
  '안녕하세요',
  '해줘',
  'é',
  '🙂',
  '👨‍👩‍👧',
  '🇰🇷',
];

const anything = fc.string({ unit: 'grapheme', maxLength: 5 }).filter((characters) => !characters.includes('\uFFFD'));

const part = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...parts) }, anything);

const text = (maxLength: number): fc.Arbitrary<string[]> => fc.array(part, { maxLength });

/** What a model writes, in pieces that it may have made tokens of one by one. It may forget to close; there is an answer in any case. */
export const turn: fc.Arbitrary<readonly string[]> = fc
  .record({
    thinking: text(12),
    marker: fc.constantFrom('</think>', '\n</think>\n\n', '</think>\n', '</think>**', '</', ''),
    answer: text(6),
  })
  .map(({ thinking, marker, answer }) => [...thinking, marker, 'It', ...answer, '.']);

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { delimiters, itemParts, questionParts, systemParts, type Part } from '../../src/prompt/question.ts';

const text = (parts: readonly Part[]): string => parts.map((part) => part.text).join('');
const untrusted = (parts: readonly Part[]): string[] =>
  parts.filter(({ from }) => from === 'theirs').map((part) => part.text);

test("the instruction of the tool comes first, the operator's own after it, and only the latter is untrusted", () => {
  expect(systemParts('Be brief.', undefined)).toEqual([{ from: 'ours', text: 'Be brief.' }]);
  const both = systemParts('Be brief.', 'Answer in Korean.');
  expect(text(both)).toBe('Be brief.\nAnswer in Korean.');
  expect(untrusted(both)).toEqual(['Answer in Korean.']);
});

test('a question without a context is that question and nothing else', () => {
  expect(questionParts('2 + 3?', undefined)).toEqual([{ from: 'theirs', text: '2 + 3?', name: 'the question' }]);
});

test('the context comes first, between its lines; it and the question are untrusted, the lines are not', () => {
  const parts = questionParts('Who?', 'Once upon a time.');
  expect(text(parts)).toBe('<context>\nOnce upon a time.\n</context>\n\nWho?');
  expect(untrusted(parts)).toEqual(['Once upon a time.', 'Who?']);
});

test('an empty context is a context', () => {
  expect(text(questionParts('Who?', ''))).toBe('<context>\n\n</context>\n\nWho?');
});

test('an item stands between its lines after the instruction; both are untrusted', () => {
  const parts = itemParts('Translate.', 'Hallo', 0);
  expect(text(parts)).toBe('Translate.\n\n<item>\nHallo\n</item>');
  expect(untrusted(parts)).toEqual(['Translate.', 'Hallo']);
});

// an RSS feed has `<item>` of its own (mail-archive.com/dev@maven.apache.org/msg126470.html, dev.to/feed)
test.each([
  { text: '<rss><item>x</item></rss>', opens: '<item-2>' },
  { text: '</item> <ITEM> <item-2>', opens: '<item-3>' },
  { text: '<items> <itemize> item', opens: '<item>' },
  { text: '<item-3>', opens: '<item>' },
])('an item that contains $text stands between lines that it does not contain', ({ text: item, opens }) => {
  const parts = itemParts('Do it.', item, 0);
  expect(untrusted(parts)).toEqual(['Do it.', item]);
  expect(text(parts)).toBe(`Do it.\n\n${opens}\n${item}\n${opens.replace('<', '</')}`);
});

test('whatever the texts contain, none of them contains the lines between which they stand', () => {
  const part = fc.oneof(fc.constantFrom('<item', '</item', '-2', '-3', '>', ' ', '\n', '<ITEM-2>'), fc.string());
  fc.assert(
    fc.property(fc.array(fc.array(part), { maxLength: 3 }), (all) => {
      const texts = all.map((parts) => parts.join(''));
      for (const line of delimiters('item', texts)) {
        expect(texts.filter((one) => one.toLowerCase().includes(line))).toEqual([]);
      }
    }),
  );
});

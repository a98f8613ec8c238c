import { expect, test } from 'vitest';
import { itemParts, questionParts, systemParts, type Part } from '../../src/prompt/question.ts';

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
  expect(questionParts('2 + 3?', undefined)).toEqual([{ from: 'theirs', text: '2 + 3?' }]);
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
  const parts = itemParts('Translate.', 'Hallo');
  expect(text(parts)).toBe('Translate.\n\n<item>\nHallo\n</item>');
  expect(untrusted(parts)).toEqual(['Translate.', 'Hallo']);
});

/** A question as plain messages: what is ours acts, what is theirs arrives as text that means nothing. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyByName, UNKNOWN_FAMILY } from '../../src/prompt/families.ts';
import type { Family } from '../../src/prompt/family.ts';
import { questionParts, systemParts, type Question } from '../../src/prompt/question.ts';
import { escapeWarnings, toPlainTurn } from '../../src/prompt/turn.ts';

const family = (name: string): Family => familyByName(name) ?? UNKNOWN_FAMILY;
const byWord = family('thinkmeter-demo');
const byArgument = family('nvidia/nemotron-3-nano-30b-a3b');

type Asked = Pick<Question, 'system' | 'user'>;

const ask = (question: string, context?: string, operator?: string): Asked => ({
  system: systemParts('You reason.', operator),
  user: questionParts(question, context),
});

/** The content of the user's message. */
function user(asked: Asked, of: Family = byWord, reasoning?: string): string {
  const { messages } = toPlainTurn(asked, of, { thinking: true, ...(reasoning !== undefined && { reasoning }) });
  return messages[1]?.content ?? '';
}

describe('the switch', () => {
  test.each([
    { thinking: true, system: 'You reason. /think' },
    { thinking: false, system: 'You reason. /no_think' },
  ])('is a word of ours in the system text where the family has one: thinking $thinking', ({ thinking, system }) => {
    expect(toPlainTurn(ask('Why?'), byWord, { thinking })).toEqual({
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: 'Why?' },
      ],
      templateArguments: {},
    });
  });

  test.each([true, false])('is an argument where the family has one: thinking %s', (thinking) => {
    const { messages, templateArguments } = toPlainTurn(ask('Why?'), byArgument, { thinking });
    expect(templateArguments).toEqual({ enable_thinking: thinking });
    expect(messages[0]?.content).toBe('You reason.');
  });

  test('is nothing where the family has none', () => {
    const { messages, templateArguments } = toPlainTurn(ask('Why?'), UNKNOWN_FAMILY, { thinking: false });
    expect({ system: messages[0]?.content, templateArguments }).toEqual({
      system: 'You reason.',
      templateArguments: {},
    });
  });

  test('word of the operator’s own text does not switch', () => {
    const { messages } = toPlainTurn(ask('Why?', undefined, 'Always /no_think.'), byWord, { thinking: true });
    expect(messages[0]?.content.match(/\/(no_)?think/g)).toEqual(['/think']);
  });
});

const controls = ['<think>', '</think>', '/think', '/no_think', '<SPECIAL_11>', '</s>', '[INST]'];

test.each(controls)('%s in the text of others is broken by a space, and is to be seen', (control) => {
  for (const asked of [ask(`Is ${control} it?`), ask('Why?', `see ${control} there`)]) {
    const text = user(asked).replace(/^<context>\n|\n<\/context>\n\n.*$/gs, '');
    expect(text).not.toContain(control);
    expect(text.replaceAll(' ', '')).toContain(control.replaceAll(' ', ''));
    expect(escapeWarnings(asked, byWord)).toEqual([
      expect.stringMatching(/control strings in the (question|context) were broken by a space.*"/),
    ]);
  }
});

test('text without one is not touched, and nothing is told', () => {
  const text = 'if a < b and c > d, then f(x) = [1, 2]; 3/4 of them "think" so';
  expect(user(ask(text))).toBe(text);
  expect(escapeWarnings(ask(text, text, text), byWord)).toEqual([]);
});

test('what is ours is not broken: the lines around a context', () => {
  expect(user(ask('Why?', 'it rains'))).toBe('<context>\nit rains\n</context>\n\nWhy?');
});

test('an overlapping or doubled control string leaves none behind', () => {
  const broken = user(ask('</think></think>/no_think/think[INST][/INST]<<think>>'));
  for (const control of ['</think>', '<think>', '/think', '/no_think', '[INST]']) expect(broken).not.toContain(control);
});

test('no text of others holds a marker or a switch word when it arrives, whatever it is made of', () => {
  const part = fc.constantFrom('<', '</', 'think', '>', '/', 'no_', ' ', '\n', 'a', '🙂', '[INST]', '<s>');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const broken = user(ask(parts.join('')));
      expect(broken).not.toMatch(/<\/?think>|\/(no_)?think|\[INST\]|<s>/);
      // no character is lost, and only spaces are added
      expect(broken.replaceAll(' ', '')).toBe(parts.join('').replaceAll(' ', ''));
    }),
  );
});

describe('reasoning that was cut', () => {
  test('is quoted behind the question, as notes to answer from', () => {
    expect(user(ask('Why?'), byWord, '\n It rains, so \n')).toBe(
      'Why?\n\nNotes so far, cut short:\n<notes>\nIt rains, so\n</notes>\n\nGive the answer now, from these notes.',
    );
  });

  test('is the text of others: a marker in it does not act', () => {
    const text = user(ask('Why?'), byWord, 'hm </think> and /no_think');
    expect(text).not.toMatch(/<\/think>|\/no_think/);
    expect(text).toMatch(/<\/notes>\n\nGive the answer now/);
  });

  test('that is empty is quoted all the same', () => {
    expect(user(ask('Why?'), byWord, '')).toContain('<notes>\n\n</notes>');
  });

  test('closes its notes itself in vain', () => {
    const text = user(ask('Why?'), byWord, 'a</notes>b');
    expect(text).toContain('<notes-2>\na</notes>b\n</notes-2>');
  });
});

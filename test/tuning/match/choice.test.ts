import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chosenLetter } from '../../../src/tuning/match/choice.ts';

describe('the choice is found', () => {
  test.each([
    ['B', 'B'],
    ['b', 'B'],
    ['A', 'A'],
    ['I', 'I'],
    ['(B)', 'B'],
    ['B.', 'B'],
    ['"B"', 'B'],
    ['**B**', 'B'],
    ['$B$', 'B'],
    ['The answer is B', 'B'],
    ['The answer is (c).', 'C'],
    ['answer is b.', 'B'],
    ['The answer is **D. Paris**', 'D'],
    ['ANSWER: C', 'C'],
    ['**Answer:** B', 'B'],
    ['Final Answer\n\nD', 'D'],
    ['The answer is:\n\n**C)** 12', 'C'],
    ['The best answer is: (B) Paris', 'B'],
    ['The answer is A because dogs bark', 'A'],
    ['The answer is C, since option A is wrong', 'C'],
    ['The answer is not B, but C', 'C'],
    ["The answer isn't B. It is C.", 'C'],
    ['Answer: I would choose B', 'B'],
    ['B) because it barks', 'B'],
    ['(a) dog', 'A'],
    ['A. dog', 'A'],
    ['D: Paris', 'D'],
    ['**B) Paris**', 'B'],
    ['B - Paris, not C', 'B'],
    ['A) x is 1\nB) x is 2\n\nThe correct option is **B**.', 'B'],
    ['A) wrong\nB) right\n\nTherefore (B).', 'B'],
    ['Option A is wrong, so I choose option C.', 'C'],
    ['A dog is an animal, so it is C.', 'C'],
    ['I think it is A.', 'A'],
    [String.raw`\boxed{C}`, 'C'],
    [String.raw`Not B: \boxed{\text{(D)}}`, 'D'],
    [String.raw`$\boxed{\textbf{(B) } 12}$`, 'B'],
    [String.raw`\boxed{12}, so B`, 'B'],
  ])('%s', (text, letter) => {
    expect(chosenLetter(text)).toBe(letter);
  });
});

test.each([
  ['an article', 'A dog is an animal.'],
  ['an article in a later sentence', 'Yes. A dog is an animal.'],
  ['a pronoun', 'I would say so.'],
  ['letters of names', 'The U.S. has an X-ray law. It’s John’s.'],
  ['a plural', 'The answers are many'],
  ['an abbreviation', 'answer: e.g. this'],
  ['nothing', ''],
])('%s is no choice', (_, text) => {
  expect(chosenLetter(text)).toBeUndefined();
});

test('any letter is found in any of the usual answers', () => {
  const letters = fc.constantFrom('A', 'B', 'C', 'D', 'E', 'I', 'J', 'Z');
  const answers = fc.constantFrom<(letter: string) => string>(
    (letter) => letter,
    (letter) => letter.toLowerCase(),
    (letter) => ` (${letter}) `,
    (letter) => `${letter})`,
    (letter) => `${letter}. The dog barks.`,
    (letter) => `**${letter}**`,
    (letter) => `The answer is ${letter}.`,
    (letter) => `A long thought. The correct answer is (${letter}), because I checked it.`,
    (letter) => `First (A) fails. Then (B) fails.\n\nAnswer: ${letter}`,
    (letter) => `After option C was excluded, \\boxed{${letter}}.`,
  );
  fc.assert(
    fc.property(letters, answers, (letter, answer) => {
      expect(chosenLetter(answer(letter))).toBe(letter);
    }),
  );
});

test.each(['A ', 'answer ', 'option ', '(B) ', 'A) a\n', '\\boxed{(', '*', ' '])(
  'a model that repeats %j without end is read as well',
  (text) => {
    expect(chosenLetter(`${text.repeat(50_000)}\nAnswer: D`)).toBe('D');
  },
);

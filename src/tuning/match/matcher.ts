/** Compares answers with the expected one, in the way that the user chose. */
import { clipped } from '../../clipped.ts';
import { InvalidInputError } from '../../errors.ts';
import type { Match } from '../values.ts';
import { chosenLetter } from './choice.ts';
import { finalNumber, type FinalNumber } from './final-number.ts';
import { isSameJson, jsonValuesIn, parsedJson } from './json-values.ts';
import { normalised } from './normalised.ts';
import { numbersIn, plainNotation, type FoundNumber } from './numbers.ts';
import { compiled, isFound } from './pattern.ts';

/** Whether an answer is right. */
export type Matcher = (answer: string) => boolean;

/** `tolerance`: how far a number may be from the expected one; only for `number`. */
type MatcherOptions = { readonly tolerance?: number };

/**
 * - `number`: the final number of the answer (`final-number.ts`) equals the expected one within the tolerance
 * - `exact`: the texts are equal, apart from letter case, white space and a final full stop
 * - `contains`: the expected text occurs anywhere in the answer, compared in the same way
 * - `regex`: the expected pattern (`pattern.ts`) is found in the answer
 * - `choice`: the letter of the answer (`choice.ts`) is the expected one: a letter, or its index from 0
 * - `json`: the answer contains a JSON value (`json-values.ts`) that equals the expected one
 * @throws {InvalidInputError} if nothing could be compared with the expected answer
 */
export function matcher(match: Match, expected: string, { tolerance = 0 }: MatcherOptions = {}): Matcher {
  switch (match) {
    case 'number':
      return numberMatcher(expected, tolerance);
    case 'exact': {
      const wanted = textOf(expected);
      return (answer) => normalised(answer) === wanted;
    }
    case 'contains': {
      const wanted = textOf(expected);
      return (answer) => normalised(answer).includes(wanted);
    }
    case 'regex':
      return regexMatcher(expected);
    case 'choice': {
      const wanted = letterOf(expected);
      return (answer) => chosenLetter(answer) === wanted;
    }
    case 'json':
      return jsonMatcher(expected);
  }
}

/** Digits that a double certainly holds. */
const SAFE_DIGITS = 15;
/** What the last steps of a calculation in doubles may add up to, as a share of the number. */
const ROUNDING = 8 * Number.EPSILON;

function numberMatcher(expected: string, tolerance: number): Matcher {
  const wanted = expectedNumber(expected);
  return (answer) => {
    const found = finalNumber(answer);
    return found !== undefined && isSameNumber(found, wanted, tolerance);
  };
}

function isSameNumber(one: FoundNumber, other: FoundNumber, tolerance: number): boolean {
  const isLong = [one, other].every(({ digits = '' }) => digits.length > SAFE_DIGITS);
  if (isLong && tolerance === 0) return one.digits === other.digits;
  const rounding = ROUNDING * Math.max(Math.abs(one.value), Math.abs(other.value));
  return one.value === other.value || Math.abs(one.value - other.value) <= tolerance + rounding;
}

/** One number, or one that is marked as the result. A number that is only a part, such as that of 3√2, is refused. */
function expectedNumber(expected: string): FinalNumber {
  const found = finalNumber(expected);
  const plain = plainNotation(expected);
  if (found === undefined) {
    throw wrongExpected(expected, 'contains no number', 'give a number, or compare in another way, such as exact');
  }
  if (/[√π]/.test(plain) || (!found.isMarked && numbersIn(plain).length > 1)) {
    throw wrongExpected(expected, 'is not one number', 'give one number, or compare in another way, such as exact');
  }
  return found;
}

function textOf(expected: string): string {
  const wanted = normalised(expected);
  if (wanted === '') throw wrongExpected(expected, 'has no text to compare', 'give the text that a right answer has');
  return wanted;
}

function regexMatcher(expected: string): Matcher {
  if (expected === '') throw wrongExpected(expected, 'matches every answer', 'give a pattern');
  try {
    const pattern = compiled(expected);
    return (answer) => isFound(pattern, answer);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.replace(/^Invalid regular expression: (?:.*: )?/s, '').toLowerCase();
    throw wrongExpected(expected, `is not a regular expression: ${reason}`, 'correct the pattern (JavaScript syntax)');
  }
}

function letterOf(expected: string): string {
  const text = expected.trim();
  if (/^\d+$/.test(text) && Number(text) < 26) return String.fromCodePoint(65 + Number(text));
  const [, letter] = /^[([]?([A-Za-z])[)\]]?[.:]?$/.exec(text) ?? [];
  if (letter !== undefined) return letter.toUpperCase();
  throw wrongExpected(expected, 'is not a letter of a choice', 'give a letter, or its index from 0 to 25');
}

function jsonMatcher(expected: string): Matcher {
  const wanted = parsedJson(expected);
  if (wanted === undefined) throw wrongExpected(expected, 'is not JSON', 'give a JSON value, such as {"total": 12}');
  return (answer) => {
    for (const value of jsonValuesIn(answer)) if (isSameJson(value, wanted.value)) return true;
    return false;
  };
}

function wrongExpected(expected: string, problem: string, hint: string): InvalidInputError {
  return new InvalidInputError(`expected is ${JSON.stringify(clipped(expected, 60))}, which ${problem}`, { hint });
}

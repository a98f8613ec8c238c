/**
 * Fresh problems of the kind that the demo models do (models/recipe): sums of numbers, powers and products, also as
 * word problems. The same seed gives the same problems.
 */
import { randomFrom } from '../support/random.ts';

export type Problem = { readonly question: string; readonly answer: number };

type Dice = {
  below(limit: number): number;
  between(low: number, limit: number): number;
  one<T>(of: readonly T[]): T;
  chance(part: number): boolean;
};

function dice(seed: number): Dice {
  const next = randomFrom(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    between: (low, limit) => low + below(limit - low),
    one: (of) => of[below(of.length)] as (typeof of)[number],
    chance: (part) => next() < part,
  };
}

const LARGEST_EXPONENT: readonly (readonly [number, number])[] = [
  [2, 12],
  [3, 8],
  [4, 6],
  [5, 5],
  [6, 4],
  [7, 4],
  [8, 4],
  [9, 4],
  [10, 5],
];
const FORMS = [
  '{} = ?',
  'What is {}?',
  'Compute {}.',
  'Calculate {}',
  '{}',
  'Evaluate: {}',
  'Solve {}.',
  'How much is {}?',
];
/** how often a sum has so many terms */
const TERMS = [1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 10];
const WORD_PROBLEMS = 0.15;

export function problems(count: number, seed: number): Problem[] {
  const roll = dice(seed);
  return Array.from({ length: count }, () => (roll.chance(WORD_PROBLEMS) ? wordProblem(roll) : sum(roll)));
}

function sum(roll: Dice): Problem {
  const largest = roll.one([10, 100, 1000, 1000]);
  let total = 0;
  const parts = Array.from({ length: roll.one(TERMS) }, (_, index) => {
    const { text, value } = term(roll, largest);
    // no partial sum is negative: the models were not trained for that
    const plus = index === 0 || value > total || roll.chance(0.6);
    total += plus ? value : -value;
    return `${index === 0 ? '' : plus ? ' + ' : ' - '}${text}`;
  });
  return { question: roll.one(FORMS).replace('{}', parts.join('')), answer: total };
}

function term(roll: Dice, largest: number): { text: string; value: number } {
  const kind = roll.below(100);
  if (kind < 55) {
    const value = roll.between(1, largest);
    return { text: String(value), value };
  }
  if (kind < 75) {
    const [base, most] = roll.one(LARGEST_EXPONENT);
    const exponent = roll.between(2, most + 1);
    return { text: `${base}^${exponent}`, value: base ** exponent };
  }
  const [a, b] = [roll.between(2, roll.one([10, 100, 1000])), roll.between(2, 10)];
  return { text: `${a} * ${b}`, value: a * b };
}

function wordProblem(roll: Dice): Problem {
  const thing = roll.one(['apples', 'boxes', 'tickets', 'books', 'parts', 'coins']);
  let total = roll.between(5, roll.one([50, 500, 1000]));
  const sentences = [`${roll.one(['A shop', 'A factory', 'A library', 'Ana', 'A farmer'])} has ${total} ${thing}.`];
  for (let left = roll.one([1, 1, 2, 2, 3]); left > 0; left--) {
    const kind = roll.below(100);
    if (kind < 35 || (kind < 65 && total <= 3)) {
      const more = roll.between(2, 500);
      sentences.push(roll.one([`It receives ${more} more.`, `Then ${more} more arrive.`]));
      total += more;
    } else if (kind < 65) {
      const less = roll.between(1, total);
      sentences.push(roll.one([`It sells ${less}.`, `Then ${less} are lost.`]));
      total -= less;
    } else {
      const [a, b] = [roll.between(2, 100), roll.between(2, 10)];
      sentences.push(`${b} crates of ${a} ${thing} arrive.`);
      total += a * b;
    }
  }
  return { question: `${sentences.join(' ')} How many ${thing} are there now?`, answer: total };
}

/** The last number said is the answer. */
export function isRight(answer: string, { answer: right }: Problem): boolean {
  return (
    Number(
      answer
        .replaceAll(/(\d),(?=\d{3})/g, '$1')
        .match(/-?\d+/g)
        ?.at(-1),
    ) === right
  );
}

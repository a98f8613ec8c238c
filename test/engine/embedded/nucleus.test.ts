import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { applySampling } from '../../../src/engine/embedded/sampler.ts';

/** Probabilities as logits. */
function logitsOf(...probabilities: readonly number[]): Float32Array {
  return Float32Array.from(probabilities, (probability) => Math.log(probability));
}

function softmax(logits: Float32Array): number[] {
  const highest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function kept(logits: Float32Array): number[] {
  return Array.from(logits.entries()).flatMap(([token, logit]) => (logit === -Infinity ? [] : [token]));
}

test.each([
  { name: 'all of it', topP: 1, tokens: [0, 1, 2, 3] },
  { name: 'the likeliest alone is enough', topP: 0.5, tokens: [1] },
  { name: 'the token that crosses the limit is inside', topP: 0.7, tokens: [1, 3] },
  { name: 'all but the least likely', topP: 0.94, tokens: [0, 1, 3] },
  { name: 'hardly anything is still one token', topP: 1e-9, tokens: [1] },
])('top_p $topP keeps the smallest set of that mass: $name', ({ topP, tokens }) => {
  const logits = logitsOf(0.1, 0.6, 0.05, 0.25);
  applySampling(logits, { topP });
  expect(kept(logits)).toEqual(tokens);
});

test('a set that has exactly the mass is enough', () => {
  const logits = Float32Array.of(0, 0, 0, 0);
  applySampling(logits, { topP: 0.5 });
  expect(kept(logits)).toHaveLength(2);
});

test('temperature divides the logits', () => {
  const logits = Float32Array.of(1, -2, 4);
  applySampling(logits, { temperature: 2 });
  expect([...logits]).toEqual([0.5, -1, 2]);
});

test('what is not given changes nothing', () => {
  const logits = Float32Array.of(1, -2, 4);
  applySampling(logits, {});
  applySampling(logits, { temperature: 1, topP: 1 });
  expect([...logits]).toEqual([1, -2, 4]);
});

test('the nucleus is that of the tempered distribution: a high temperature widens it', () => {
  const [cold, hot] = [logitsOf(0.9, 0.06, 0.04), logitsOf(0.9, 0.06, 0.04)];
  applySampling(cold, { topP: 0.9 });
  applySampling(hot, { temperature: 5, topP: 0.9 });
  expect([kept(cold), kept(hot)]).toEqual([[0], [0, 1, 2]]);
});

test('tokens that are impossible already stay so', () => {
  const logits = Float32Array.of(-Infinity, 1, 0, -Infinity);
  applySampling(logits, { temperature: 1.5, topP: 0.99 });
  expect(kept(logits)).toEqual([1, 2]);
});

const logit = fc.float({ min: -20, max: 20, noNaN: true });

test('whatever the logits, the kept set has the mass, no smaller one has, and nothing kept is changed', () => {
  fc.assert(
    fc.property(
      fc.float32Array({ min: -20, max: 20, noNaN: true, minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 0.999, noNaN: true }),
      (given, topP) => {
        const probabilities = softmax(given);
        const logits = given.slice();
        applySampling(logits, { topP });
        const inside = kept(logits);
        const mass = inside.reduce((sum, token) => sum + (probabilities[token] ?? 0), 0);
        const least = Math.min(...inside.map((token) => probabilities[token] ?? 0));
        const outside = probabilities.filter((_, token) => !inside.includes(token));
        expect(mass).toBeGreaterThanOrEqual(topP - 1e-6);
        expect(mass - least).toBeLessThan(topP + 1e-6);
        expect(Math.max(0, ...outside)).toBeLessThanOrEqual(least);
        for (const token of inside) expect(logits[token]).toBe(given[token]);
      },
    ),
  );
});

test('whatever the temperature, the order of the tokens stays', () => {
  fc.assert(
    fc.property(
      fc.array(logit, { minLength: 2, maxLength: 30 }),
      fc.double({ min: 0.05, max: 2, noNaN: true }),
      (given, temperature) => {
        const logits = Float32Array.from(given);
        const before = logits.indexOf(Math.max(...logits));
        applySampling(logits, { temperature, topP: 0.9 });
        expect(logits[before]).toBe(Math.max(...logits));
        expect(Number.isFinite(logits[before])).toBe(true);
      },
    ),
  );
});

/** What the nucleus is by definition: the whole vocabulary sorted, equal logits by their ids. */
function nucleusBySorting(given: Float32Array, topP: number): Float32Array {
  const logits = given.slice();
  if (topP >= 1) return logits;
  const { order, weights, total } = ranked(logits);
  let mass = 0;
  for (const [rank, token] of order.entries()) {
    if (mass >= topP * total) logits[token] = -Infinity;
    mass += weights[rank] ?? 0;
  }
  return logits;
}

function ranked(logits: Float32Array): { order: number[]; weights: number[]; total: number } {
  const order = Array.from(logits, (_, token) => token).toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const highest = logits[order[0] ?? 0] ?? 0;
  const weights = order.map((token) => Math.exp((logits[token] ?? 0) - highest));
  return { order, weights, total: weights.reduce((sum, weight) => sum + weight, 0) };
}

function isAsBySorting(given: Float32Array, topP: number): boolean {
  const logits = given.slice();
  applySampling(logits, { topP });
  // by their bits, so that NaN equals itself and -0 is not 0
  const [actual, expected] = [logits, nucleusBySorting(given, topP)].map(({ buffer }) => new Uint8Array(buffer));
  return Buffer.compare(actual ?? Buffer.of(), expected ?? Buffer.of()) === 0;
}

const anyTopP = fc.oneof(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.integer({ min: 1, max: 16 }).map((digits) => 1 - 10 ** -digits),
  fc.integer({ min: 1, max: 300 }).map((digits) => 10 ** -digits),
  fc.integer({ min: 1, max: 15 }).map((part) => part / 16),
);

/** Vocabularies of some thousand tokens, drawn from a seed, because fast-check takes long to make each number. */
const SHAPES: Readonly<Record<string, (random: () => number, token: number) => number>> = {
  'like a language model': (random) => 3 * (random() + random() + random() + random() + random() + random() - 3),
  'one token above all': (random, token) => (token === 7 ? 60 : 10 * random()),
  'far apart': (random) => 1000 * random(),
  'very close, but for one far below': (random, token) => (token === 7 ? -30 : 1e-4 * random()),
  'very close, but for one above': (random, token) => (token === 7 ? 6 : 1e-6 * random()),
  'all equal': () => 1.5,
  'equal where possible': (random) => (random() < 0.3 ? -Infinity : 1.5),
  'equal but for one far below': (_, token) => (token === 7 ? -1e4 : 1.5),
  'few different values': (random) => Math.floor(4 * random()) - 2,
  'zeros of both signs': (random) => [0, -0, 1][Math.floor(3 * random())] ?? 0,
  'all weights that count': (random) => 37 * random(),
  'very high temperature': (random) => 1e-30 * (random() - 0.5),
};

type Recipe = { readonly shape: string; readonly seed: number; readonly size: number };

const recipe: fc.Arbitrary<Recipe> = fc.record({
  shape: fc.constantFrom(...Object.keys(SHAPES)),
  seed: fc.nat(),
  size: fc.integer({ min: 4000, max: 12_000 }),
});

function fromRecipe({ shape, seed, size }: Recipe): Float32Array {
  let state = seed;
  const random = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: size }, (_, token) => SHAPES[shape]?.(random, token) ?? 0);
}

test('whatever the few logits, infinite and NaN as well, the nucleus is that of sorting', () => {
  const values = fc.oneof(fc.float32Array({ maxLength: 40 }), fc.float32Array({ min: -40, max: 40, maxLength: 200 }));
  const property = fc.property(values, anyTopP, (given, topP) => {
    expect(isAsBySorting(given, topP)).toBe(true);
  });
  fc.assert(property, { numRuns: 1000 });
});

test('whatever the shape of a large vocabulary, the nucleus is that of sorting', () => {
  const property = fc.property(recipe, anyTopP, (given, topP) => {
    expect(isAsBySorting(fromRecipe(given), topP)).toBe(true);
  });
  fc.assert(property, { numRuns: 150 });
});

test('where the limit is on a token or next to it, the nucleus is that of sorting', () => {
  const away = fc.constantFrom(0, 1e-16, -1e-16, 1e-12, -1e-12, 1e-9, -1e-9, 5e-9, -5e-9, 2e-8, -2e-8);
  fc.assert(
    fc.property(recipe, fc.double({ min: 0, max: 1, noNaN: true }), away, (given, part, by) => {
      const logits = fromRecipe(given);
      const { weights, total } = ranked(logits);
      const upTo = weights.slice(0, Math.ceil(part * weights.length)).reduce((sum, weight) => sum + weight, 0);
      expect(isAsBySorting(logits, upTo / total + by)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test('one NaN leaves all logits as they are', () => {
  const logits = Float32Array.of(1, NaN, 5, -Infinity);
  applySampling(logits, { topP: 0.5 });
  expect([...logits]).toEqual([1, NaN, 5, -Infinity]);
});

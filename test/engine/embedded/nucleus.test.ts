import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isInside } from '../../../src/engine/embedded/nucleus.ts';
import { nucleusOf } from '../../../src/engine/embedded/sampler.ts';
import type { Sampling } from '../../../src/prompt/family.ts';
import { fromRecipe, recipe, UNSHRUNK } from './shapes.ts';

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

function kept(logits: Float32Array, sampling: Sampling): number[] {
  const nucleus = nucleusOf(logits.slice(), sampling);
  return Array.from(logits.keys()).filter((token) => isInside(nucleus, token, logits[token] ?? 0));
}

test.each([
  { name: 'all of it', topP: 1, tokens: [0, 1, 2, 3] },
  { name: 'the likeliest alone is enough', topP: 0.5, tokens: [1] },
  { name: 'the token that crosses the limit is inside', topP: 0.7, tokens: [1, 3] },
  { name: 'all but the least likely', topP: 0.94, tokens: [0, 1, 3] },
  { name: 'hardly anything is still one token', topP: 1e-9, tokens: [1] },
])('top_p $topP keeps the smallest set of that mass: $name', ({ topP, tokens }) => {
  expect(kept(logitsOf(0.1, 0.6, 0.05, 0.25), { topP })).toEqual(tokens);
});

test.each([0, -1e-9, -1])('top_p %d, which nobody should ask for, still keeps one token', (topP) => {
  expect(kept(logitsOf(0.1, 0.6, 0.05, 0.25), { topP })).toEqual([1]);
  expect(kept(Float32Array.of(2, 2, 2), { topP })).toEqual([0]);
});

test('a set that has exactly the mass is enough', () => {
  expect(kept(Float32Array.of(0, 0, 0, 0), { topP: 0.5 })).toHaveLength(2);
});

test('without a sampling every possible token is inside', () => {
  expect(kept(Float32Array.of(1, -Infinity, -2, 4), {})).toEqual([0, 2, 3]);
  expect(kept(Float32Array.of(1, -Infinity, 1), { temperature: 1, topP: 1 })).toEqual([0, 2]);
});

test('the nucleus is that of the tempered distribution: a high temperature widens it', () => {
  const logits = logitsOf(0.9, 0.06, 0.04);
  expect(kept(logits, { topP: 0.9 })).toEqual([0]);
  expect(kept(logits, { temperature: 5, topP: 0.9 })).toEqual([0, 1, 2]);
});

test('tokens that are impossible already stay so', () => {
  const logits = Float32Array.of(-Infinity, 1, 0, -Infinity);
  expect(kept(logits, { temperature: 1.5, topP: 0.99 })).toEqual([1, 2]);
});

test('a logit that is NaN is impossible, and changes nothing for the others', () => {
  expect(kept(Float32Array.of(1, NaN, 0, -Infinity, NaN), { topP: 0.99 })).toEqual([0, 2]);
  expect(kept(Float32Array.of(1, NaN, 5, -Infinity), { topP: 0.5 })).toEqual([2]);
});

test('compared with an infinite logit no finite one has a chance', () => {
  expect(kept(Float32Array.of(Infinity, 5, Infinity, -Infinity), { temperature: 2 })).toEqual([0, 2]);
});

test.each([NaN, -Infinity])('if all logits are %d no token is possible: an error', (logit) => {
  expect(() => nucleusOf(new Float32Array(5).fill(logit), {})).toThrow('all 5 logits are NaN or -Infinity');
});

test.each([1e-320, 1e-40, 1e-9])(
  'at temperature %d the highest logit alone is left, however close the next is',
  (temperature) => {
    expect(kept(Float32Array.of(80, 80.001, -5), { temperature, topP: 0.999 })).toEqual([1]);
  },
);

test('whatever the logits, the kept set has the mass, and no smaller one has', () => {
  fc.assert(
    fc.property(
      fc.float32Array({ min: -20, max: 20, noNaN: true, minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.01, max: 0.999, noNaN: true }),
      (given, topP) => {
        const probabilities = softmax(given);
        const inside = kept(given, { topP });
        const mass = inside.reduce((sum, token) => sum + (probabilities[token] ?? 0), 0);
        const least = Math.min(...inside.map((token) => probabilities[token] ?? 0));
        const outside = probabilities.filter((_, token) => !inside.includes(token));
        expect(mass).toBeGreaterThanOrEqual(topP - 1e-6);
        expect(mass - least).toBeLessThan(topP + 1e-6);
        expect(Math.max(0, ...outside)).toBeLessThanOrEqual(least);
      },
    ),
  );
});

/** Whether the nucleus is what it is by definition: the whole vocabulary sorted, equal logits by their ids. */
function isAsBySorting(given: Float32Array, { temperature = 1, topP = 1 }: Sampling): boolean {
  const nucleus = nucleusOf(given.slice(), { temperature, topP });
  const { order, weights, total } = ranked(given, temperature);
  let mass = 0;
  return order.every((token, rank) => {
    const expected = rank === 0 || topP >= 1 || mass < topP * total;
    mass += weights[rank] ?? 0;
    const logit = given[token] ?? 0;
    return isInside(nucleus, token, logit) === (expected && logit > -Infinity);
  });
}

function ranked(given: Float32Array, temperature = 1): { order: number[]; weights: number[]; total: number } {
  const logits = given.map((logit) => (Number.isNaN(logit) ? -Infinity : logit));
  // the difference of two infinite logits is NaN, which sorts as 0
  const order = Array.from(logits, (_, token) => token).toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const highest = logits[order[0] ?? 0] ?? 0;
  const weights = order.map((token) => {
    const logit = logits[token] ?? 0;
    return logit === highest ? 1 : Math.exp((logit - highest) / temperature);
  });
  return { order, weights, total: weights.reduce((sum, weight) => sum + weight, 0) };
}

const anyTopP = fc.oneof(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.integer({ min: 1, max: 16 }).map((digits) => 1 - 10 ** -digits),
  fc.integer({ min: 1, max: 300 }).map((digits) => 10 ** -digits),
  fc.integer({ min: 1, max: 15 }).map((part) => part / 16),
);

const anyTemperature = fc.oneof(
  fc.constant(1),
  fc.constantFrom(0.01, 0.6, 2, 50),
  fc.double({ min: 0.05, max: 3, noNaN: true }),
);

test('whatever the few logits, infinite and NaN as well, the nucleus is that of sorting', () => {
  const values = fc.oneof(fc.float32Array({ maxLength: 40 }), fc.float32Array({ min: -40, max: 40, maxLength: 200 }));
  const property = fc.property(values, anyTopP, anyTemperature, (given, topP, temperature) => {
    fc.pre(given.some((logit) => logit > -Infinity));
    expect(isAsBySorting(given, { topP, temperature })).toBe(true);
  });
  fc.assert(property, { numRuns: 1000, ...UNSHRUNK });
});

test('whatever the shape of a large vocabulary, the nucleus is that of sorting', () => {
  const property = fc.property(recipe, anyTopP, anyTemperature, (given, topP, temperature) => {
    expect(isAsBySorting(fromRecipe(given), { topP, temperature })).toBe(true);
  });
  fc.assert(property, { numRuns: 150, ...UNSHRUNK });
});

test('where the limit is on a token or next to it, the nucleus is that of sorting', () => {
  const away = fc.constantFrom(0, 1e-16, -1e-16, 1e-12, -1e-12, 1e-9, -1e-9, 5e-9, -5e-9, 2e-8, -2e-8);
  fc.assert(
    fc.property(recipe, fc.double({ min: 0, max: 1, noNaN: true }), away, (given, part, by) => {
      const logits = fromRecipe(given);
      const { weights, total } = ranked(logits);
      const upTo = weights.slice(0, Math.ceil(part * weights.length)).reduce((sum, weight) => sum + weight, 0);
      expect(isAsBySorting(logits, { topP: upTo / total + by })).toBe(true);
    }),
    { numRuns: 150, ...UNSHRUNK },
  );
});

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

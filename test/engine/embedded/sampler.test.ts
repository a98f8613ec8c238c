import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { draw } from '../../../src/engine/embedded/draw.ts';
import { isInside } from '../../../src/engine/embedded/nucleus.ts';
import { chooseToken, nucleusOf } from '../../../src/engine/embedded/sampler.ts';
import { randomFrom } from '../../support/random.ts';
import { fromRecipe, recipe, UNSHRUNK } from './shapes.ts';

const ALMOST_ONE = 1 - 2 ** -53;

/** Logits as in softmax; of equal ones all are possible, of infinite ones none but those. */
function weightsOf(logits: Float32Array, temperature: number): number[] {
  const highest = Math.max(...logits.filter((logit) => !Number.isNaN(logit)));
  return Array.from(logits, (logit) => {
    if (Number.isNaN(logit)) return 0;
    return logit === highest ? 1 : Math.exp((logit - highest) / temperature);
  });
}

function add(counts: Float32Array, token: number): void {
  counts[token] = (counts[token] ?? 0) + 1;
}

const anyLogit = fc.oneof(
  { weight: 8, arbitrary: fc.float({ min: -20, max: 20, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, -Infinity, NaN) },
);
const anySampling = fc.record({
  temperature: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 3, noNaN: true })),
  topP: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});
const anyRandom = fc.oneof(
  fc.constantFrom(0, ALMOST_ONE),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
);

test('each token has the share of all random numbers that it has of the weight inside', () => {
  const steps = 400;
  const few = fc.array(anyLogit, { minLength: 1, maxLength: 30 });
  const property = fc.property(few, anySampling, (given, sampling) => {
    fc.pre(given.some((logit) => logit > -Infinity));
    const logits = Float32Array.from(given);
    const nucleus = nucleusOf(logits, sampling);
    const drawn = logits.map(() => 0);
    for (let step = 0; step < steps; step++)
      add(
        drawn,
        draw(logits, nucleus, () => (step + 0.5) / steps),
      );
    const weights = weightsOf(logits, sampling.temperature).map((weight, token) =>
      isInside(nucleus, token, logits[token] ?? 0) ? weight : 0,
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // a share that is an interval of random numbers has one step more or less than its length, at the most
    for (const [token, weight] of weights.entries())
      expect(Math.abs((drawn[token] ?? 0) - (steps * weight) / total)).toBeLessThan(1 + 1e-6);
  });
  fc.assert(property, UNSHRUNK);
});

test('whatever the random number, what is drawn is inside', () => {
  const property = fc.property(recipe, anySampling, anyRandom, (given, sampling, random) => {
    const logits = fromRecipe(given);
    const token = chooseToken(logits, sampling, () => random);
    expect(logits[token]).toBeGreaterThan(-Infinity);
    expect(isInside(nucleusOf(logits, sampling), token, logits[token] ?? 0)).toBe(true);
  });
  fc.assert(property, { numRuns: 200, ...UNSHRUNK });
});

test('in a large vocabulary a random number finds the logit at its share of the weight, to the width of a bin', () => {
  const property = fc.property(recipe, anySampling, anyRandom, (given, sampling, random) => {
    const logits = fromRecipe(given);
    const nucleus = nucleusOf(logits, sampling);
    // of equal logits any is right
    fc.pre(nucleus.kind === 'binned');
    const chosen = logits[draw(logits, nucleus, () => random)] ?? 0;
    const weights = weightsOf(logits, sampling.temperature);
    const width = (37 / 2047) * sampling.temperature;
    let [above, upTo, total] = [0, 0, 0];
    for (const [token, weight] of weights.entries()) {
      const logit = logits[token] ?? 0;
      if (!isInside(nucleus, token, logit)) continue;
      total += weight;
      if (logit > chosen + width) above += weight;
      if (logit >= chosen - width) upTo += weight;
    }
    expect(above).toBeLessThanOrEqual(random * total + 1e-9 * total);
    expect(upTo).toBeGreaterThanOrEqual(random * total - 1e-9 * total);
  });
  fc.assert(property, { numRuns: 150, ...UNSHRUNK });
});

test('drawn many times, tokens come as often as softmax says', () => {
  const logits = Float32Array.of(2, 1, 0.5, 0, -1, -Infinity, 2.2, 1.9, -2, 0.3);
  const temperature = 0.8;
  const weights = weightsOf(logits, temperature);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const nucleus = nucleusOf(logits, { temperature });
  const random = randomFrom(1);
  const [draws, drawn] = [20_000, new Float32Array(logits.length)];
  for (let count = 0; count < draws; count++) add(drawn, draw(logits, nucleus, random));
  expect(drawn[5]).toBe(0);
  const distances = weights.map((weight, token) => {
    const expected = (draws * weight) / total;
    return expected === 0 ? 0 : ((drawn[token] ?? 0) - expected) ** 2 / expected;
  });
  // chi-square with 8 degrees of freedom: one seed in 1,000 is above 26
  expect(distances.reduce((sum, distance) => sum + distance, 0)).toBeLessThan(26);
});

test.each([
  { name: 'one possible token', logits: [-Infinity, 3, -Infinity], tokens: [1, 1, 1] },
  { name: 'equal ones', logits: [4, 4, -Infinity, 4], tokens: [0, 1, 3] },
  { name: 'infinite ones', logits: [Infinity, 4, Infinity, Infinity], tokens: [0, 2, 3] },
  { name: 'one so far above that the others weigh nothing', logits: [-100, 0, -90], tokens: [1, 1, 1] },
  { name: 'NaN among the others', logits: [NaN, 1, NaN], tokens: [1, 1, 1] },
])('$name: drawn by the lowest, a middle and the highest random number', ({ logits, tokens }) => {
  const drawn = [0, 0.5, ALMOST_ONE].map((random) => chooseToken(Float32Array.from(logits), {}, () => random));
  expect(drawn).toEqual(tokens);
});

test('if rounding leaves something behind the last bin, a token with a weight is drawn nevertheless', () => {
  const logits = Float32Array.of(-Infinity, 0, -50);
  const nucleus = nucleusOf(logits, {});
  if (nucleus.kind === 'equal') throw new Error('not equal');
  expect(draw(logits, { ...nucleus, weight: nucleus.weight * (1 + 1e-9) }, () => ALMOST_ONE)).toBe(1);
});

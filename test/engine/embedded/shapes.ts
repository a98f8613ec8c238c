import * as fc from 'fast-check';
import { randomFrom } from '../../support/random.ts';

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

export const recipe: fc.Arbitrary<Recipe> = fc.record({
  shape: fc.constantFrom(...Object.keys(SHAPES)),
  seed: fc.nat(),
  size: fc.integer({ min: 4000, max: 12_000 }),
});

export function fromRecipe({ shape, seed, size }: Recipe): Float32Array {
  const random = randomFrom(seed);
  return Float32Array.from({ length: size }, (_, token) => SHAPES[shape]?.(random, token) ?? 0);
}

/** For `fc.assert`: the search for a smaller example takes minutes. */
export const UNSHRUNK = { endOnFailure: true };

import { expect, test } from 'vitest';
import { marginOf } from '../../../src/engine/embedded/margin.ts';

const logits = Float32Array.of(3, -2, -Infinity, NaN);

test.each([
  { name: 'a token far above the end marker', id: 0, endId: 1, margin: 5 },
  { name: 'a token below the end marker, which only a draw can choose', id: 1, endId: 0, margin: -5 },
  { name: 'the end marker itself', id: 1, endId: 1, margin: 0 },
  { name: 'an impossible end marker', id: 0, endId: 2, margin: Infinity },
  { name: 'an end marker about which nothing is known', id: 0, endId: 3, margin: Infinity },
])('$name', ({ id, endId, margin }) => {
  expect(marginOf(logits, id, endId)).toBe(margin);
});

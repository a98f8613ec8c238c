/** Whatever the types allow becomes a picture that a browser reads, with every label in it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toSvg } from '../../../src/tuning/picture/svg.ts';
import { textWidth } from '../../../src/tuning/picture/text-width.ts';
import type { TuneResult } from '../../../src/tuning/values.ts';
import { anyResult, usualResult } from './samples.ts';
import { elementsOf } from './well-formed.ts';

const looks = fc.constantFrom('page' as const, 'card' as const);
const [WIDTH, HEIGHT] = [720, 420];

type Box = { readonly left: number; readonly right: number; readonly y: number; readonly text: string };

function labelsOf(svg: string): Box[] {
  return elementsOf(svg)
    .filter(({ name }) => name === 'text')
    .map(({ attributes, text }) => {
      const [x, y, size] = ['x', 'y', 'font-size'].map((name) => Number(attributes[name]));
      if (x === undefined || y === undefined || size === undefined) throw new Error('a label has no place');
      const width = textWidth(text, size);
      const left = x - width * { start: 0, middle: 0.5, end: 1 }[attributes['text-anchor'] as 'start'];
      return { left, right: left + width, y, text };
    });
}

/** All numbers of attributes, those in paths too. */
function numbersOf(svg: string): number[] {
  return elementsOf(svg)
    .filter(({ name }) => name !== 'style')
    .flatMap(({ attributes }) => Object.entries(attributes))
    .filter(([name]) => !['class', 'aria-label', 'xmlns', 'role', 'text-anchor', 'paint-order'].includes(name))
    .flatMap(([, value]) => value.split(/[\s,MHV]+/).filter((part) => part !== ''))
    .map(Number);
}

test('it is well-formed, and every number in it is one', () => {
  fc.assert(
    fc.property(anyResult, looks, (result, look) => {
      const numbers = numbersOf(toSvg(result, look));
      expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
    }),
  );
});

test('no text shows what is not a number', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      const svg = toSvg({ ...result, model: 'm' }, 'page');
      expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
    }),
  );
});

test('every label lies within the picture', () => {
  fc.assert(
    fc.property(anyResult, looks, (result, look) => {
      const outside = labelsOf(toSvg(result, look)).filter(
        ({ left, right, y }) => left < -0.1 || right > WIDTH + 0.1 || y < 8 || y > HEIGHT - 4,
      );
      expect(outside).toEqual([]);
    }),
  );
});

/** Pairs of labels that lie over each other: on lines so close that their letters touch. */
function overlapsIn(result: TuneResult): string[] {
  const labels = labelsOf(toSvg(result, 'card'));
  return labels.flatMap((one, index) =>
    labels
      .slice(index + 1)
      .filter((other) => Math.abs(one.y - other.y) < 8 && one.left < other.right && other.left < one.right)
      .map((other) => `${one.text} (${one.y}) over ${other.text} (${other.y})`),
  );
}

test('labels do not overlap, whatever the numbers', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      expect(overlapsIn(result)).toEqual([]);
    }),
  );
});

test('of up to twelve usual budgets, every one has its name, its accuracy and its latency', () => {
  fc.assert(
    fc.property(usualResult, (result) => {
      const labels = labelsOf(toSvg(result, 'page'));
      expect(overlapsIn(result)).toEqual([]);
      expect(labels.filter(({ y }) => y === 386)).toHaveLength(result.budgets.length);
      expect(labels.filter(({ text, y }) => text.endsWith(' %') && y !== 72).length).toBeGreaterThanOrEqual(
        result.budgets.length,
      );
    }),
  );
});

import { describe, expect, test } from 'vitest';
import { accuracyScale, latencyScale } from '../../../src/tuning/picture/scale.ts';
import { toSvg } from '../../../src/tuning/picture/svg.ts';
import { fitted } from '../../../src/tuning/picture/text-width.ts';
import type { TuneResult } from '../../../src/tuning/values.ts';
import { sampleResult } from './samples.ts';
import { elementsOf, type Element } from './well-formed.ts';

const labels = (result: TuneResult): Element[] =>
  elementsOf(toSvg(result, 'card')).filter(({ name }) => name === 'text');
const texts = (result: TuneResult): string[] => labels(result).map(({ text }) => text);

test('it names model, cases, repeats, axes and what is recommended', () => {
  expect(texts({ ...sampleResult({ budgets: 8 }), repeats: 3 })).toEqual(
    expect.arrayContaining([
      'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
      '200 cases · 3 repeats · dashed line: accuracy of unlimited thinking',
      '256 thinking tokens lose 0.4 points and save 61 % of unlimited thinking',
      'accuracy, with its 95 % interval',
      'mean latency',
      'thinking budget in tokens',
      'recommended: 256',
    ]),
  );
});

test('budgets are at equal distances in rising order, unlimited last', () => {
  const result = sampleResult({ budgets: 6 });
  const names = labels({ ...result, budgets: result.budgets.toReversed() }).filter(
    ({ attributes }) => attributes['y'] === '386',
  );
  const places = names.map(({ attributes, text }) => ({ x: Number(attributes['x']), text }));
  const ordered = places.toSorted((a, b) => a.x - b.x);
  expect(ordered.map(({ text }) => text)).toEqual(['64', '128', '256', '512', '1024', 'unlimited']);
  const distances = ordered.slice(1).map(({ x }, index) => x - (ordered[index]?.x ?? 0));
  expect(distances.map((distance) => Math.round(distance))).toEqual([104, 104, 104, 104, 104]);
});

const marks = (result: TuneResult): Element[] =>
  elementsOf(toSvg(result, 'card')).filter(({ attributes }) => attributes['class'] === 'recommended-line');

describe('without a recommendation', () => {
  test('there is no mark, and a sentence says why', () => {
    const result = sampleResult({ budgets: 8, recommended: null, casesNeeded: 640 });
    expect(marks(result)).toEqual([]);
    expect(texts(result)).toContain('Not enough cases: about 440 more are needed to recommend a budget');
    expect(marks(sampleResult({ budgets: 8 }))).toHaveLength(1);
  });

  test('a recommended budget that has no column is not marked', () => {
    expect(marks(sampleResult({ budgets: 8, recommended: 100 }))).toEqual([]);
  });
});

test('a long name is shortened in the middle: both ends tell models apart', () => {
  const model = `nvidia/${'Nemotron-'.repeat(20)}v2`;
  const [title = ''] = texts(sampleResult({ budgets: 3, model }));
  expect(title).toMatch(/^nvidia\/Nemotron-.*….*otron-v2$/);
  expect(title.length).toBeLessThan(80);
});

test('a shortened text keeps whole characters', () => {
  expect(fitted('👩👩👩👩', (text) => text.length <= 5)).toBe('👩👩…');
  expect(fitted('abc', () => false)).toBe('…');
});

describe('the range of accuracy', () => {
  test.each([
    { name: 'equal values keep a span of 20 points', shares: [1, 1], ticks: ['80 %', '85 %', '90 %', '95 %', '100 %'] },
    { name: 'all wrong', shares: [0], ticks: ['0 %', '5 %', '10 %', '15 %', '20 %'] },
    { name: 'from the lowest to the highest', shares: [0, 1], ticks: ['0 %', '20 %', '40 %', '60 %', '80 %', '100 %'] },
    { name: 'what is no share is drawn at the edge', shares: [-3, 7], ticks: expect.arrayContaining(['0 %', '100 %']) },
  ])('$name', ({ shares, ticks }) => {
    expect(accuracyScale(shares).ticks.map(({ text }) => text)).toEqual(ticks);
  });
});

describe('the range of latency', () => {
  test.each([
    { ms: [12], ticks: ['0', '6 ms', '12 ms'] },
    { ms: [12, 300_000], ticks: ['0', '150 s', '300 s'] },
    { ms: [9300], ticks: ['0', '5 s', '10 s'] },
    { ms: [999.9], ticks: ['0', '0.5 s', '1 s'] },
    { ms: [9_000_000], ticks: ['0', '1.5 h', '3 h'] },
    { ms: [0], ticks: ['0', '0.5 ms', '1 ms'] },
    { ms: [], ticks: ['0', '0.5 ms', '1 ms'] },
  ])('$ms ms: $ticks', ({ ms, ticks }) => {
    expect(latencyScale(ms).ticks.map(({ text }) => text)).toEqual(ticks);
  });
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIGURES } from '../../../src/tuning/picture/figures.ts';
import { toReport } from '../../../src/tuning/picture/report.ts';
import { anyResult, sampleResult } from './samples.ts';
import { elementsOf, type Element } from './well-formed.ts';

const DAY = new Date('2026-11-27T23:59:59Z');

function named(page: string, name: string): Element[] {
  return elementsOf(page).filter((element) => element.name === name);
}

test('it is well-formed, whatever the types allow, and no text shows what is not a number', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      expect(elementsOf(toReport(result, DAY)).length).toBeGreaterThan(20);
      const texts = { model: 'm', warnings: [], tuning_id: '1', saved_as: 's' };
      expect(toReport({ ...result, ...texts }, DAY)).not.toMatch(/NaN|Infinity|undefined|null/);
    }),
  );
});

test('what comes from outside cannot add an element or an attribute', () => {
  const attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  const attacked = { model: attack, warnings: [attack], tuning_id: attack, saved_as: attack };
  const page = toReport({ ...sampleResult({ budgets: 3 }), ...attacked }, DAY);
  const kinds = new Set(elementsOf(page).map(({ name }) => name));
  expect(['script', 'img'].filter((name) => kinds.has(name))).toEqual([]);
  expect(elementsOf(page).filter(({ attributes }) => 'onerror' in attributes)).toEqual([]);
  expect(named(page, 'li').map(({ text }) => text)).toEqual([attack]);
  expect(named(page, 'title')[0]?.text).toContain(attack);
});

test('it loads nothing', () => {
  const elements = elementsOf(toReport(sampleResult({ budgets: 8 }), DAY));
  const attributes = new Set(elements.flatMap((element) => Object.keys(element.attributes)));
  expect([...attributes].filter((name) => /^(src|href|data|action|style|on.*)$|:/.test(name))).toEqual([]);
  const styles = elements.filter(({ name }) => name === 'style').map(({ text }) => text);
  expect(styles.join('')).not.toMatch(/url\(|@import/);
});

test('it contains day, recommendation, warnings, the meaning of each column, and what the sweep took', () => {
  const result = { ...sampleResult({ budgets: 8 }), warnings: ['3 answers were cut'], saved_as: 'sums' };
  const page = toReport(result, DAY);
  const text = elementsOf(page)
    .map((element) => element.text)
    .join('\n');
  expect(text).toContain('2026-11-27 · 200 cases · 1 repeat');
  expect(text).toContain('saved as profile sums');
  expect(text).toContain('256 thinking tokens lose 0.4 points and save 61 % of unlimited thinking.');
  expect(named(page, 'li').map((element) => element.text)).toEqual(['3 answers were cut']);
  expect(named(page, 'dd').map((element) => element.text)).toEqual(FIGURES.map(({ meaning }) => meaning));
  expect(text).toContain('It generated 141,870 tokens.');
  expect(text).toContain('402,311 tokens, 2.8 times as many.');
});

test('those who do not see get a language, a text for the picture, and headers for every column and row', () => {
  const page = toReport(sampleResult({ budgets: 8 }), DAY);
  expect(named(page, 'html')[0]?.attributes).toEqual({ lang: 'en' });
  expect(named(page, 'svg')[0]?.attributes).toMatchObject({
    role: 'img',
    'aria-label':
      'Accuracy and mean latency of nvidia/NVIDIA-Nemotron-Nano-9B-v2 by thinking budget, 200 cases · 1 repeat. 256 thinking tokens lose 0.4 points and save 61 % of unlimited thinking.',
  });
  const scopes = named(page, 'th').map(({ attributes }) => attributes['scope']);
  expect(scopes.filter((scope) => scope === 'col')).toHaveLength(FIGURES.length);
  expect(scopes.filter((scope) => scope === 'row')).toHaveLength(8);
  expect(named(page, 'td')).toHaveLength(8 * (FIGURES.length - 1));
});

const marked = (page: string): string[] =>
  named(page, 'th')
    .map(({ text }) => text)
    .filter((text) => text.startsWith('▶'));

test('only the recommended row is marked', () => {
  expect(marked(toReport(sampleResult({ budgets: 8 }), DAY))).toEqual(['▶ 256']);
  expect(marked(toReport(sampleResult({ budgets: 8, recommended: null }), DAY))).toEqual([]);
});

test('a day that is not one is left out', () => {
  expect(toReport(sampleResult({ budgets: 3 }), new Date(Number.NaN))).toContain('<p class="facts">200 cases');
});

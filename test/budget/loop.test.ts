import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMonotonous, LoopWatch, TextLoopWatch, type LoopFound, type LoopLimits } from '../../src/budget/loop.ts';
import { KIND_NAMES, loopOf, repetitiveText, rollOf } from '../support/repetitive-texts.ts';
import { demoTokens } from '../support/tokens.ts';

const tokens = demoTokens('thinkmeter-demo-3');
const CHECK_EVERY = 64;

/** The same rule, without anything that makes it fast: every span at every check. */
function slowly(ids: readonly number[], { occurrences, length, monotonousLength }: LoopLimits): LoopFound | undefined {
  for (let end = CHECK_EVERY; end <= ids.length; end += CHECK_EVERY) {
    for (let span = 1; span <= end / occurrences; span++) {
      let keep = end;
      while (keep > span && ids[keep - 1] === ids[keep - 1 - span]) keep--;
      const repeated = end - keep + span;
      if (repeated < Math.max(length, span * occurrences)) continue;
      if (repeated < monotonousLength && isMonotonous(ids.slice(end - span, end))) break;
      return { keep, span, occurrences: Math.floor(repeated / span) };
    }
  }
  return undefined;
}

function inChunks<Chunk>(watch: { add(chunk: Chunk): LoopFound | undefined }, chunks: readonly Chunk[]): unknown {
  let found: LoopFound | undefined;
  for (const chunk of chunks) found = watch.add(chunk);
  return found;
}

/** Divided at these places, taken modulo the length. */
function divided<T extends string | readonly number[]>(whole: T, places: readonly number[]): T[] {
  const ends = places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b);
  return [...ends, whole.length].map((end, index) => whole.slice(ends[index - 1] ?? 0, end) as T);
}

const SMALL: LoopLimits = { occurrences: 3, length: 40, monotonousLength: 150 };

/** Few different ids, so that spans repeat by chance within spans that repeat. */
const traces = fc
  .integer({ min: 1, max: 12 })
  .chain((different) => {
    const ids = (maxLength: number): fc.Arbitrary<number[]> => fc.array(fc.nat(different), { maxLength });
    return fc.tuple(ids(100), ids(60), fc.nat(12), ids(100), ids(10), fc.nat(40));
  })
  .map(([before, span, times, between, other, more]) => [
    ...before,
    ...Array.from({ length: times }, () => span).flat(),
    ...between,
    ...Array.from({ length: more }, () => other).flat(),
  ]);

test('a loop is what the slow rule finds, however the ids are divided', () => {
  fc.assert(
    fc.property(traces, fc.array(fc.nat(), { maxLength: 8 }), (ids, places) => {
      expect(inChunks(new LoopWatch(SMALL), divided(ids, places))).toEqual(slowly(ids, SMALL));
    }),
    { numRuns: 500 },
  );
});

test('of a text, the result is the same however the text is divided', () => {
  const part = fc.constantFrom(
    'so ',
    'Wait',
    ', ',
    '\n',
    '    ',
    'é',
    '🙂',
    'x = 3.14',
    '数学は',
    '      ',
    'abcdefghi',
  );
  const texts = fc
    .tuple(fc.array(part, { maxLength: 20 }), fc.array(part, { maxLength: 12 }), fc.nat(80))
    .map(([before, span, times]) => before.join('') + span.join('').repeat(times));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
      const whole = new TextLoopWatch(SMALL).add(text);
      expect(inChunks(new TextLoopWatch(SMALL), divided(text, places))).toEqual(whole);
      expect(whole?.keep ?? 0).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 500 },
  );
});

const TEXTS_PER_KIND = 6;

test.each(KIND_NAMES)('no text of this kind is a loop, by ids and by words: %s', (kind) => {
  const alarms = Array.from({ length: TEXTS_PER_KIND }, (_, seed) => repetitiveText(kind, seed, 6000)).filter(
    (text) => new LoopWatch().add(tokens.encode(text)) ?? new TextLoopWatch().add(text),
  );
  expect(alarms).toEqual([]);
});

/** A limit, and what a check may come later. */
const FOUND_WITHIN = { usual: 1000, monotonous: 4100 };

test.each(KIND_NAMES)('every loop in texts of this kind is found, and its first occurrence is kept: %s', (kind) => {
  for (let seed = 0; seed < TEXTS_PER_KIND; seed++) {
    const roll = rollOf(seed);
    const ids = tokens.encode(repetitiveText(kind, seed + 100, 2000));
    const loop = loopOf(ids, roll.one([1, 2, 7, 30, 120, 300]), FOUND_WITHIN.monotonous, roll);
    const within = isMonotonous(loop.ids.slice(-loop.span)) ? FOUND_WITHIN.monotonous : FOUND_WITHIN.usual;
    const seen = loop.ids.slice(0, loop.begins + within);
    const found = new LoopWatch().add(seen);
    expect(found, `seed ${seed}`).toBeDefined();
    const { keep = 0, span = 0 } = found ?? {};
    expect(keep).toBeLessThanOrEqual(loop.begins + loop.span);
    expect(seen.slice(keep, keep + span)).toEqual(seen.slice(keep - span, keep));
    // one token less, and the first occurrence would not be whole
    expect(keep === span || seen[keep - 1] !== seen[keep - 1 - span]).toBe(true);
    expect(
      new TextLoopWatch().add(tokens.decode([...loop.ids, ...loop.ids.slice(-4000)])),
      `seed ${seed}`,
    ).toBeDefined();
  }
});

const row = (cell: string, columns: number): string => `${Array.from({ length: columns }, () => cell).join(' ')}\n`;

test.each([
  { name: 'a counter changes', text: (index: number) => `Step ${index}: add 1 and check again.\n`, times: 500 },
  { name: 'a sum grows', text: (index: number) => `${7 * index}+7=${7 * index + 7}.\n`, times: 500 },
  { name: 'a table of 20 times 20 zeros', text: () => row('0', 20), times: 20 },
  { name: 'a grid of 30 times 30 zeros', text: () => row('0', 30), times: 30 },
  { name: 'a ruled line of 600 signs', text: () => '=', times: 600 },
  { name: '30 equal rows of JSON', text: () => '{"x": 0, "y": null},\n', times: 30 },
  {
    name: 'the doubter checks its result five times',
    text: () =>
      'Wait, let me check.\n725-448: 15-8=7 12-4-1=7 7-4-1=2 so 277.\n277+911: 7+1=8 7+1=8 2+9=11 1 so 1188.\n',
    times: 6,
  },
])('it is no loop if $name', ({ text, times }) => {
  const whole = Array.from({ length: times }, (_, index) => text(index)).join('');
  expect(new LoopWatch().add(tokens.encode(whole))).toBeUndefined();
  expect(new TextLoopWatch().add(whole)).toBeUndefined();
});

test.each([
  { name: 'a sentence', span: 'Wait, let me check the result again.\n' },
  { name: 'a sentence without blanks', span: '让我再检查一下。' },
  { name: 'a letter', span: 'a' },
  { name: 'blanks', span: ' ' },
  { name: 'line ends', span: '\n' },
  { name: 'a character of two units', span: '🙂' },
  { name: 'a row of zeros', span: row('0', 20) },
])('without end it is a loop: $name', ({ span }) => {
  const text = `Let me think.\n${span.repeat(Math.ceil(8000 / span.length))}`;
  expect(new TextLoopWatch().add(text)).toBeDefined();
  expect(new LoopWatch().add(tokens.encode(text))).toBeDefined();
});

test('what is kept of a text ends with the first occurrence', () => {
  const [before, span] = ['First, 2+3=5;\n', 'But is it? Let me check that once more.\n'];
  const { keep = 0 } = new TextLoopWatch().add(before + span.repeat(200)) ?? {};
  expect((before + span).slice(0, keep).trimEnd()).toBe((before + span).trimEnd());
});

test('a loop once found stays, whatever follows', () => {
  const watch = new LoopWatch();
  const found = watch.add(Array.from({ length: 1000 }, (_, index) => index % 5));
  expect(found).toMatchObject({ keep: 5, span: 5 });
  expect(watch.add(Array.from({ length: 1000 }, (_, index) => index))).toEqual(found);
});

test('a long span has to occur three times', () => {
  const span = Array.from({ length: 1024 }, (_, index) => index);
  expect(new LoopWatch().add([...span, ...span, ...span.slice(0, 1023)])).toBeUndefined();
  expect(new LoopWatch().add([...span, ...span, ...span])).toEqual({ keep: 1024, span: 1024, occurrences: 3 });
});

function fourTimes(length: number): number[] {
  const span = Array.from({ length }, (_, index) => index);
  return [-1, -2, -3, ...span, ...span, ...span, ...span];
}

test('the longest span is found, and what is kept ends with its first occurrence; a longer one is not found', () => {
  expect(new LoopWatch().add(fourTimes(2048))).toEqual({ keep: 2051, span: 2048, occurrences: 3 });
  expect(new LoopWatch().add(fourTimes(2049))).toBeUndefined();
});

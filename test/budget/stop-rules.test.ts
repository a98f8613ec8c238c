/** Where stop rules end thinking. */
import { expect, test } from 'vitest';
import { loopRule, sureRule } from '../../src/budget/stop-rules.ts';
import { Trail } from '../../src/stream/trail.ts';

const never = (): Promise<string> => Promise.reject(new Error('nothing is detokenized'));

/** A word is a token; each has a margin. */
function trailOf(words: readonly (readonly [string, number?])[]): Trail {
  const trail = new Trail(never);
  words.forEach(([text, margin], id) => trail.append([id], text, 1, margin === undefined ? undefined : [margin]));
  return trail;
}

const line = (margin: number): (readonly [string, number])[] => [
  ['so', margin],
  [' it', 9],
  [' is.\n', 9],
];

test('the first line end at which the model is near to closing ends the thinking', () => {
  const trail = trailOf([...line(0.1), ...line(3), ...line(0.4), ...line(0.2)]);
  expect(sureRule(1)(trail, 0)).toEqual({ endedBy: 'sure', tokens: 6 });
  expect(sureRule(5)(trail, 0)).toEqual({ endedBy: 'sure', tokens: 3 });
  expect(sureRule(0.3)(trail, 0)).toEqual({ endedBy: 'sure', tokens: 9 });
  expect(sureRule(0.1)(trail, 0)).toBeUndefined();
});

test('within a line, and before the thinking, margins do not count', () => {
  const trail = trailOf([
    ['?\n', 9],
    ['a', 0.1],
    [' b', 0.1],
    [' c\n', 0.1],
    ['d', 9],
  ]);
  expect(sureRule(1)(trail, 1)).toBeUndefined();
});

test('the end marker’s own token ends nothing: the model closes its thinking itself', () => {
  expect(
    sureRule(1)(
      trailOf([
        ['a.\n', 9],
        ['</', 0],
      ]),
      0,
    ),
  ).toBeUndefined();
});

test('a line end whose next token has not arrived is looked at again', () => {
  const trail = trailOf([['a.\n', 9]]);
  const rule = sureRule(1);
  expect(rule(trail, 0)).toBeUndefined();
  trail.append([7], 'b', 1, [0.5]);
  expect(rule(trail, 0)).toEqual({ endedBy: 'sure', tokens: 1 });
});

test('without margins nothing is sure', () => {
  expect(sureRule(5)(trailOf([['a.\n'], ['b']]), 0)).toBeUndefined();
});

test('a loop keeps its first span, by ids and by words', () => {
  const span = ['Wait', ', let', ' me', ' check', ' that', ' again', ' now', '.\n', 'It', ' is', ' four', '.\n'];
  const ids = new Trail(never);
  const words = new Trail(never);
  const [byIds, byWords] = [loopRule(), loopRule()];
  let found: ReturnType<typeof byIds>;
  let inWords: ReturnType<typeof byIds>;
  for (let turn = 0; turn < 200; turn += 1) {
    span.forEach((text, id) => {
      ids.append([id], text);
      words.append([], text, 1);
    });
    found ??= byIds(ids, 0);
    inWords ??= byWords(words, 0);
  }
  expect(found).toEqual({ endedBy: 'loop', tokens: span.length });
  expect(inWords).toEqual({ endedBy: 'loop', chars: span.join('').length });
});

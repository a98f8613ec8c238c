import { expect, test } from 'vitest';
import { mergedWarnings } from '../../src/report/item-warnings.ts';

const of = (item: number | string, text = 'x'): string => `control strings in ${item} were broken: ${text}`;

test.each([
  { name: 'one item', given: [of('item 3')], merged: [of('item 3')] },
  { name: 'two items', given: [of('item 0'), of('item 7')], merged: [of('items 0 and 7')] },
  {
    name: 'other changes stay apart',
    given: [of('item 0'), of('item 7', 'y')],
    merged: [of('item 0'), of('item 7', 'y')],
  },
  { name: 'warnings without an item are given once', given: ['a', 'a', 'b'], merged: ['a', 'b'] },
  {
    name: 'many items are counted',
    given: Array.from({ length: 13 }, (_, item) => of(`item ${item}`)),
    merged: [of('items 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more')],
  },
  { name: 'a dollar in a text is a dollar', given: [of('item 1', '$& $1')], merged: [of('item 1', '$& $1')] },
])('$name', ({ given, merged }) => {
  expect(mergedWarnings(given)).toEqual(merged);
});

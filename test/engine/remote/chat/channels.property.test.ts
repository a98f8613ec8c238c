/** However thinking and content are cut into deltas, they are the same text. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UNKNOWN_FAMILY } from '../../../../src/prompt/families.ts';
import { byArgument, opensInPrompt, opensItself, readDeltas as read, type Delta } from './deltas.ts';

const asThought = (thought: string): Delta => [thought, ''];
const asContent = (said: string): Delta => ['', said];

const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 });
const pieces = (text: string, at: readonly number[]): string[] => {
  const edges = [0, ...at.map((place) => place % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
};
const turn = fc.record({
  thought: fc.string({ maxLength: 40 }),
  said: fc.string({ maxLength: 40 }),
  thinking: fc.constantFrom('on' as const, 'off' as const, 'closed' as const),
  stopped: fc.boolean(),
  known: fc.boolean(),
  together: fc.boolean(),
  of: fc.constantFrom(opensInPrompt, byArgument, opensItself, UNKNOWN_FAMILY),
});

test('thinking and content are the same text', () => {
  fc.assert(
    fc.property(turn, cuts, cuts, ({ thought, said, known, together, ...how }, inThought, inSaid) => {
      const thoughts = pieces(thought, inThought);
      const saids = pieces(said, inSaid);
      const [last = '', ...before] = thoughts.toReversed();
      const [first = '', ...after] = saids;
      const apart: Delta[] = [...thoughts.map(asThought), ...saids.map(asContent)];
      const joined: Delta[] = [...before.toReversed().map(asThought), [last, first], ...after.map(asContent)];
      const whole = read([[thought, said]], { ...how, learnt: { splits: known } });
      expect(read(together ? joined : apart, { ...how, learnt: { splits: known } })).toBe(whole);
    }),
  );
});

// only the first delta is looked at for it: of `<thi`, `nk>` a second marker is made, and the model's own is thought
test.each([
  { name: 'cut in two', saids: ['<thi', 'nk>2 + 2</think>4'] },
  { name: 'after white space of its own', saids: ['\n', '<think>2 + 2</think>4'] },
])('a start marker that the model writes is the same text: $name', ({ saids }) => {
  expect(read(saids.map(asContent))).toBe(read([asContent(saids.join(''))]));
});

/** The beginning of a turn that comes back: taken away whole, in however many pieces it comes, and nothing else. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Echo } from '../../../../src/engine/remote/chat/channels.ts';

const GIVEN = 'so 2 + 2\n</think>\n\n';

function read(given: string, pieces: readonly string[]): string {
  const echo = new Echo(given);
  return pieces.map((piece) => echo.push(piece)).join('') + echo.end();
}

function inPieces(text: string, cuts: readonly number[]): string[] {
  const edges = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
}

test('an echo is gone, and what follows is whole, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.nat(200)), (answer, cuts) => {
      expect(read(GIVEN, inPieces(GIVEN + answer, cuts))).toBe(answer);
    }),
  );
});

test('what is not the echo stays as it is, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.nat(200)), (answer, cuts) => {
      fc.pre(!answer.startsWith(GIVEN));
      expect(read(GIVEN, inPieces(answer, cuts))).toBe(answer);
      expect(read('', inPieces(answer, cuts))).toBe(answer);
    }),
  );
});

test('a beginning that looks like it and is not is handed on', () => {
  expect(read(GIVEN, ['so 2', ' + 3'])).toBe('so 2 + 3');
  expect(read(GIVEN, ['so 2'])).toBe('so 2');
  expect(read(GIVEN, [GIVEN, GIVEN])).toBe(GIVEN);
});

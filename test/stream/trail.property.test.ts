import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Trail, type Boundary } from '../../src/stream/trail.ts';
import { inChunks } from '../support/chunks.ts';
import { byteTokens } from '../support/tokens.ts';

const tokens = byteTokens();

/** Where a boundary is asked for, in tokens or characters. */
type Place = { readonly by: 'tokens' | 'chars' | 'afterChars' | 'line'; readonly at: number };

const text = fc
  .array(fc.constantFrom('a', '<', '\n', 'é', '한', '🙂'), { maxLength: 12 })
  .map((parts) => parts.join(''));
const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
const places = fc.array(
  fc.record<Place>({ by: fc.constantFrom('tokens', 'chars', 'afterChars', 'line'), at: fc.nat(50) }),
  { minLength: 1, maxLength: 5 },
);

async function boundaries(
  ids: readonly number[],
  chunks: readonly number[],
  asked: readonly Place[],
): Promise<unknown> {
  const trail = new Trail((some) => Promise.resolve(tokens.decode(some)));
  for (const piece of inChunks(tokens, ids, chunks)) trail.append(piece.ids, piece.text);
  const found: (Boundary | undefined)[] = [];
  for (const { by, at } of asked) {
    // oxlint-disable-next-line no-await-in-loop -- what was asked before may matter
    found.push(await ask(trail, by, at));
  }
  return [...found, await trail.whole()];
}

function ask(trail: Trail, by: Place['by'], at: number): Promise<Boundary | undefined> {
  // nobody looks for the second half of a surrogate pair, nor beyond the text
  const char = Array.from(trail.since(0)).slice(0, at).join('').length;
  if (by === 'tokens') return trail.boundaryByTokens(at);
  if (by === 'chars') return trail.boundaryByChars(char);
  return by === 'line' ? trail.lineEnd(at - 10, at) : trail.boundaryAfterChars(char);
}

test('however ids come in chunks, and whatever was asked before, a boundary is where it is an id at a time', async () => {
  await fc.assert(
    fc.asyncProperty(text, fc.nat(3), sizes, places, async (whole, cut, chunks, asked) => {
      const ids = tokens.encode(whole);
      const some = ids.slice(0, Math.max(0, ids.length - cut));
      expect(await boundaries(some, chunks, asked)).toEqual(await boundaries(some, [1], asked));
    }),
    { numRuns: 300 },
  );
});

/** The same with the merges of the real Nemotron Nano 2. They take two seconds to load, so they have a file of their own. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { familyByName } from '../../src/prompt/families.ts';
import { nemoTokens } from '../support/tokens.ts';
import { splitOf, written } from './split.ts';

const tokens = nemoTokens();
const family = familyByName('nvidia/NVIDIA-Nemotron-Nano-9B-v2');
if (family === undefined) throw new Error('there is no family of Nano 2');
const model = { tokens, family, state: 'open' } as const;

test('chunks change nothing of the split', async () => {
  await fc.assert(
    fc.asyncProperty(written(model), async (given) => {
      expect(await splitOf(model, given, 'in chunks')).toEqual(await splitOf(model, given, 'one by one'));
    }),
    { numRuns: 100 },
  );
});

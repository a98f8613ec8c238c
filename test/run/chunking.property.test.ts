/** The split of a stream, however it is chunked, with the tokenizers of the models that are shipped. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { familyByName } from '../../src/prompt/families.ts';
import { demoTokens } from '../support/tokens.ts';
import { splitOf, written, type Model } from './split.ts';

type Row = Model & { readonly name: string };

const rows = (['thinkmeter-demo', 'thinkmeter-demo-3'] as const).flatMap((name): Row[] => {
  const family = familyByName(name);
  if (family === undefined) throw new Error(`there is no family of ${name}`);
  const tokens = demoTokens(name);
  return [
    { name: `${name}, opened by the prompt`, tokens, family, state: 'open' },
    { name: `${name}, opened by the model`, tokens, family, state: 'none' },
  ];
});

/** Markers of several tokens, and a closer of several: where the budget must hold to the token as well. */
const others = (['openai/gpt-oss-20b', 'google/gemma-4-31B-it', 'ByteDance-Seed/Seed-OSS-36B'] as const).map(
  (name): Row => {
    const family = familyByName(name);
    if (family === undefined) throw new Error(`there is no family of ${name}`);
    return { name, tokens: demoTokens('thinkmeter-demo'), family, state: 'none' };
  },
);

test.each([...rows, ...others])('$name: connections that break change nothing of the split', async (model) => {
  await fc.assert(
    fc.asyncProperty(written(model), async (given) => {
      const whole = await splitOf(model, given, 'one by one');
      expect(await splitOf(model, given, 'over connections that break')).toEqual(whole);
    }),
    { numRuns: 100 },
  );
});

test.each([...rows, ...others])('$name: chunks change nothing of the split', async (model) => {
  await fc.assert(
    fc.asyncProperty(written(model), async (given) => {
      expect(await splitOf(model, given, 'in chunks')).toEqual(await splitOf(model, given, 'one by one'));
    }),
    { numRuns: 100 },
  );
});

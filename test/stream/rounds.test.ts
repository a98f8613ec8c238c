/** How often the detokenizer is waited for: while it is, a GPU idles and the deadline runs. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inChunks, says, turnEnds } from '../support/chunks.ts';
import { demoTokens, type Tokens } from '../support/tokens.ts';
import { start } from '../run/start-run.ts';

const tokens = demoTokens('thinkmeter-demo');
const answers = [...says(tokens, 'The answer is 42.'), turnEnds(tokens)];

/** Requests to the detokenizer, by the rounds in which they came: those of one round are under way together. */
function counted(from: Tokens) {
  const rounds: number[] = [];
  let isOpen = false;
  return {
    rounds,
    decode: async (ids: readonly number[]): Promise<string> => {
      if (!isOpen) rounds.push(0);
      isOpen = true;
      rounds[rounds.length - 1] = (rounds.at(-1) ?? 0) + 1;
      await nextTurn();
      isOpen = false;
      return from.decode(ids);
    },
  };
}

test.each([
  { name: 'lines', text: '12 + 34 = 46.\n46 * 2 = 92.\n' },
  { name: 'one long line', text: 'and then 12 + 34 is 46 and then ' },
  { name: 'another script', text: '그리고 12 더하기 34는 46,\n' },
])('a cut in chunks of two ids takes at most two rounds: $name', async ({ text }) => {
  for (const budget of [31, 32, 63, 64]) {
    const { rounds, decode } = counted(tokens);
    const stream = inChunks(tokens, tokens.encode(text.repeat(20)), [2]);
    const run = start({ tokens, budget, scripts: [stream, answers], decode });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', requests: 2 });
    expect(rounds.length).toBeLessThanOrEqual(2);
  }
});

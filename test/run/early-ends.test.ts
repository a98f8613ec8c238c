/** Thinking that thinkmeter ends before its budget: the model is sure, or repeats itself. */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { forEver, says, turnEnds } from '../support/chunks.ts';
import { wordTokens } from '../support/tokens.ts';
import { start, type Start } from './start-run.ts';

const tokens = wordTokens();
const answers = [...says(tokens, 'The answer is 42.'), turnEnds(tokens)];

/** Each piece with the same margin, but the first after each line end. */
function margins(pieces: readonly Piece[], atLines: readonly number[]): Piece[] {
  let line = -1;
  let isFirst = false;
  return pieces.map((piece) => {
    if (isFirst) line += 1;
    const margin = isFirst ? (atLines[line] ?? 9) : 9;
    isFirst = piece.text.endsWith('\n');
    return { ...piece, margins: [margin] };
  });
}

const thought = margins(says(tokens, 'one two\nthree four\nfive six\nseven'), [4, 0.5, 0.1]);
const whole = [...thought, ...says(tokens, '</think>It is 42.'), turnEnds(tokens)];

function asked(threshold: number | undefined, scripts: Start['scripts'], model?: string): ReturnType<typeof start> {
  const earlyStop = threshold === undefined ? undefined : { threshold, ...(model !== undefined && { model }) };
  return start({ tokens, scripts, budget: 2000, margins: true, question: { earlyStop } });
}

test.each([
  { threshold: 5, reasoning: 'one two\n', tokensKept: 3 },
  { threshold: 1, reasoning: 'one two\nthree four\n', tokensKept: 6 },
  { threshold: 0.3, reasoning: 'one two\nthree four\nfive six\n', tokensKept: 9 },
])(
  'sure at $threshold: closed at the line end, and the answer requested',
  async ({ threshold, reasoning, tokensKept }) => {
    const run = asked(threshold, [thought, answers]);
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'sure',
      reasoning,
      answer: 'The answer is 42.',
      honored: true,
      counts: { thinking: tokensKept },
      requests: 2,
    });
    expect(run.engine.requests[1]?.ids).toEqual([
      ...run.prompt.beginning.ids,
      ...tokens.encode(reasoning),
      ...run.engine.closer.afterLine,
    ]);
  },
);

test('without a threshold, margins are neither requested nor used', async () => {
  expect(await asked(undefined, [whole]).outcome()).toMatchObject({ thinkingEndedBy: 'model', requests: 1 });
});

test('on a server without margins, a warning says that nothing was ended early', async () => {
  const run = start({ tokens, scripts: [whole], budget: 2000, question: { earlyStop: { threshold: 1 } } });
  const outcome = await run.outcome();
  expect(outcome.thinkingEndedBy).toBe('model');
  expect(outcome.warnings).toEqual(['this server reports no log-probabilities, so the thinking was not ended early']);
});

test('a threshold that another model was calibrated for is not used, and a warning says so', async () => {
  expect(await asked(1, [thought, answers], 'thinkmeter-demo').outcome()).toMatchObject({ thinkingEndedBy: 'sure' });
  const outcome = await asked(1, [whole], 'other').outcome();
  expect(outcome.thinkingEndedBy).toBe('model');
  expect(outcome.warnings).toEqual(['early_stop was calibrated with other, so the thinking was not ended early']);
});

test('a loop is ended behind its first span, with a warning', async () => {
  const run = asked(undefined, [forEver(tokens, 'Wait, let me check that once more: two and two is four.\n'), answers]);
  const outcome = await run.outcome();
  expect(outcome).toMatchObject({
    thinkingEndedBy: 'loop',
    reasoning: 'Wait, let me check that once more: two and two is four.\n',
    answer: 'The answer is 42.',
  });
  expect(outcome.warnings).toEqual([
    expect.stringMatching(/^the thinking repeated itself, and was ended after \d+ tokens$/),
  ]);
});

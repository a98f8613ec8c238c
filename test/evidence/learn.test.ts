/** What runs learn of the way to the server, one after the other: a cut that saves nothing is not made again. */
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import type { Load } from '../../src/engine/engine.ts';
import { finish, inChunks, says, turnEnds } from '../support/chunks.ts';
import type { Script, Step } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from '../run/start-run.ts';

const tokens = wordTokens();
const answers: Step[] = [...says(tokens, 'The answer is 42.'), turnEnds(tokens)];
const THINKING = ' hm'.repeat(60);

/** 10 ms a token. */
const slowly: Step[] = says(tokens, THINKING).flatMap((piece) => [{ wait: 10 }, piece]);
/** After a second all at once. */
const inOneBurst: Step[] = [{ wait: 1000 }, ...says(tokens, THINKING)];
const capped: Script = ({ maxTokens }) =>
  inChunks(tokens, tokens.encode(THINKING).slice(0, maxTokens), [1], finish('length'));

/** A server's counter: what was read from it, one reading after the other. */
type Counter = { read: number; load(): Promise<Load> };

function counter(...generated: readonly number[]): Counter {
  return {
    read: 0,
    load() {
      const generatedTokens = generated[this.read++] ?? 0;
      return Promise.resolve({ running: 0, waiting: 0, generatedTokens });
    },
  };
}

function runWith(
  evidence: EvidenceOfServers,
  first: Script,
  { load }: Partial<Pick<Counter, 'load'>> = {},
): Promise<Outcome> {
  return start({ tokens, evidence, budget: 40, scripts: [first, answers], ...(load && { load }) }).outcome();
}

/** A run's own tokens: 41 of the thinking, so that the budget is seen to be full, and those of the answer. */
const OWN = 41 + tokens.encode('The answer is 42.').length + 1;

test('a server that continues to generate after an abort, three times in a row: the first request is then capped', async () => {
  const evidence = new EvidenceOfServers();
  for (let run = 0; run < 3; run += 1) {
    const count = counter(1000, 1000 + OWN + 300);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const outcome = await runWith(evidence, slowly, { load: () => count.load() });
    expect(outcome).toMatchObject({ mechanism: 'stream', honored: true, answer: 'The answer is 42.' });
  }
  expect(evidence.of('a server').summary(0)['stream']).toMatch(/300 extra tokens/);
  const count = counter(0, 0);
  const then = await runWith(evidence, capped, { load: () => count.load() });
  expect(then).toMatchObject({ mechanism: 'two_call', honored: true, warnings: [] });
  expect(count.read).toBe(0);
});

test('a server that stops at the abort: its counters are not requested again', async () => {
  const evidence = new EvidenceOfServers();
  const count = counter(1000, 1000 + OWN);
  expect(await runWith(evidence, slowly, { load: () => count.load() })).toMatchObject({ warnings: [] });
  expect(await runWith(evidence, slowly, { load: () => count.load() })).toMatchObject({ mechanism: 'stream' });
  expect(count.read).toBe(2);
});

test('while nothing is cut the counters are read three times, then rarely; after a cut they are read at once', async () => {
  const evidence = new EvidenceOfServers();
  const closes: Step[] = [...says(tokens, ' hm</think>The answer is 42.'), turnEnds(tokens)];
  const count = counter(1, 2, 3, 1000, 1000 + OWN);
  const closed = (): Promise<Outcome> =>
    start({ tokens, evidence, budget: 40, scripts: [closes], load: () => count.load() }).outcome();
  for (let run = 0; run < 6; run += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await closed();
  }
  expect(count.read).toBe(3);
  await runWith(evidence, slowly, { load: () => count.load() });
  expect(count.read).toBe(3);
  await runWith(evidence, slowly, { load: () => count.load() });
  expect(count.read).toBe(5);
  expect(evidence.of('a server').known(0).stream).toEqual({ held: true });
});

test('a server without counters is not polled, and stream is used', async () => {
  const evidence = new EvidenceOfServers();
  await runWith(evidence, slowly);
  expect(await runWith(evidence, slowly)).toMatchObject({ mechanism: 'stream', warnings: [] });
});

test('a buffered stream gives a warning each time; after three in a row the first request is capped', async () => {
  const evidence = new EvidenceOfServers();
  for (let turn = 1; turn <= 3; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { mechanism, warnings } = await runWith(evidence, inOneBurst);
    expect({ mechanism, warnings }).toEqual({ mechanism: 'stream', warnings: [expect.stringMatching(/one burst/)] });
  }
  expect(await runWith(evidence, capped)).toMatchObject({ mechanism: 'two_call', warnings: [] });
});

test('a stream that flows between them restarts the count', async () => {
  const evidence = new EvidenceOfServers();
  for (const script of [inOneBurst, inOneBurst, slowly, inOneBurst, inOneBurst]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await runWith(evidence, script)).toMatchObject({ mechanism: 'stream' });
  }
  expect(await runWith(evidence, slowly)).toMatchObject({ mechanism: 'stream' });
});

// a short run tells nothing either way, but it clears what was suspected
test('an inconclusive stream between them changes nothing', async () => {
  const evidence = new EvidenceOfServers();
  const short: Step[] = [{ wait: 1000 }, ...says(tokens, 'hm</think>It is 42.'), turnEnds(tokens)];
  await runWith(evidence, inOneBurst);
  await runWith(evidence, inOneBurst);
  await start({ tokens, evidence, budget: 40, scripts: [short] }).outcome();
  await runWith(evidence, inOneBurst);
  expect(evidence.of('a server').summary(0)['stream']).toMatch(/one burst/);
});

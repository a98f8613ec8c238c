/** An examination: what only generating can tell, told. On a scripted engine and a clock turned by hand. */
import { expect, test } from 'vitest';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { beginningOf } from '../../src/engine/token-ids.ts';
import type { Engine, Facts } from '../../src/engine/engine.ts';
import { EngineHttpError, EngineUnreachableError } from '../../src/errors.ts';
import { familyByName, UNKNOWN_FAMILY } from '../../src/prompt/families.ts';
import { run } from '../../src/run/run.ts';
import { examine, type Examination, type ExamineParts } from '../../src/status/examine.ts';
import { forEver, says, turnEnds } from '../support/chunks.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scriptedEngine, type Script, type ScriptedEngine, type Step } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { spendingOf } from '../support/spending.ts';

const tokens = wordTokens();
const tail = '<think>\n';
const family = familyByName('thinkmeter-demo') ?? UNKNOWN_FAMILY;
const FACTS: Facts = {
  engine: 'remote',
  model: 'thinkmeter-demo',
  window: 4096,
  family,
  closerTokens: 5,
  server: 'a server',
  countedBy: 'ids',
};

type Given = {
  readonly scripts: readonly Script[];
  readonly facts?: Partial<Facts>;
  readonly open?: Engine['open'];
};

async function examined({ scripts, facts = {}, open }: Given): Promise<Examination & { engine: ScriptedEngine }> {
  const clock = new FakeClock();
  const known = { ...FACTS, ...facts };
  const beginning = beginningOf(tokens.encode(`What?\n${tail}`), tail);
  const prompt = { beginning, thinking: 'open', opened: 1 } as const;
  const engine = scriptedEngine({ clock, tokens, facts: known, prompt, scripts, ...(open && { open }) });
  const evidence = new EvidenceOfServers();
  const { signal } = new AbortController();
  const call: ExamineParts['call'] = async (question) => {
    const options = { runId: 'a-run', signal, clock, startedAt: clock.now(), evidence };
    const { outcome, learnt } = await run(question, engine, options);
    await learnt;
    return outcome;
  };
  const examination = await clock.until(examine({ engine, evidence, spending: spendingOf(), clock, signal, call }));
  engine.expectAllUsed();
  return { ...examination, engine };
}

const answers = (): Step[] => [...says(tokens, 'It is four.'), turnEnds(tokens)];
const thinksAndAnswers = (): Step[] => [...says(tokens, ' Two and two.\n</think>\n\n'), ...answers()];
const thinksOn = (): Iterable<Step> => forEver(tokens, ' and on\n');
const native = { field: 'thinking_token_budget', countsPrompt: false };

test('a call is made, as a client makes it', async () => {
  const { status, outcome } = await examined({ scripts: [thinksAndAnswers()] });
  expect(outcome).toMatchObject({ answer: 'It is four.', budget: 64, thinkingEndedBy: 'model' });
  expect(status.findings).toEqual([]);
});

const nobody = () => Promise.reject(new EngineUnreachableError('nobody', { hint: 'start it' }));

test('where nothing can be asked no call is made', async () => {
  const { status, outcome } = await examined({ scripts: [], open: nobody });
  expect(outcome).toBeUndefined();
  expect(status.facts).toBeUndefined();
  expect(status.findings).toEqual([{ what: 'nobody', fix: 'start it', grave: true }]);
});

test('a call that fails is a grave finding, beside what is known', async () => {
  const broken = new EngineHttpError('it answered 500', 500, { hint: 'look at its log' });
  const { status, outcome } = await examined({ scripts: [[broken]] });
  expect(outcome).toBeUndefined();
  expect(status.facts).toMatchObject({ model: 'thinkmeter-demo' });
  expect(status.findings).toEqual([{ what: 'a call failed: it answered 500', fix: 'look at its log', grave: true }]);
});

test('what is no error of ours is not hidden in a finding', async () => {
  await expect(examined({ scripts: [[new TypeError('a bug')]] })).rejects.toMatchObject({
    code: 'BUG',
    cause: new TypeError('a bug'),
  });
});

/** Eight tokens of thinking, and the closer of a server that holds its budget. */
const heldAtEight = (): Step[] => [...says(tokens, ' a b c d e f g h</think>\n\n It'), ...answers()];

test.each([
  { name: 'held', proof: heldAtEight, tried: /^held$/ },
  { name: 'exceeded its budget', proof: thinksOn, tried: /exceeded a budget of 8 tokens/ },
  { name: 'refused', proof: () => [new EngineHttpError('no such field', 400)], tried: /no such field/ },
])('a budget of the server’s own is tried: $name', async ({ proof, tried }) => {
  const { status, engine } = await examined({ facts: { native }, scripts: [proof(), thinksAndAnswers()] });
  expect(status.tried['native']).toMatch(tried);
  expect(engine.requests.map(({ nativeBudget }) => nativeBudget)).toEqual([8, undefined]);
});

/** Fifty tokens, so many at a time, with a pause before each time. */
const inClumps = (size: number, waitMs: number): Step[] => {
  const pieces: readonly Step[] = says(tokens, ' so'.repeat(50));
  return pieces.flatMap((piece, index) => (index % size === 0 ? [{ wait: waitMs }, piece] : [piece]));
};

test('tokens that come in clumps are a finding', async () => {
  const { status } = await examined({ scripts: [[...inClumps(10, 200), ...thinksAndAnswers()]] });
  expect(status.findings).toEqual([
    {
      what: expect.stringMatching(
        /^about 1\d tokens arrive at a time: something between here and the server buffers the stream/,
      ),
      fix: expect.stringContaining('proxy_buffering off'),
      grave: false,
    },
  ]);
});

test.each([
  { name: 'one by one', size: 1, waitMs: 10 },
  { name: 'by twos, as with speculation', size: 2, waitMs: 20 },
])('a stream that comes as it is made is none: $name', async ({ size, waitMs }) => {
  const { status } = await examined({ scripts: [[...inClumps(size, waitMs), ...thinksAndAnswers()]] });
  expect(status.findings).toEqual([]);
});

// beyond 250 tokens a second each comes within 4 ms of the last: the embedded demo is told that a proxy holds it back
test('a fast model is no proxy', async () => {
  const { status } = await examined({ scripts: [[...inClumps(1, 3), ...thinksAndAnswers()]] });
  expect(status.findings).toEqual([]);
});

/** One slot on the server, or one in our own queue, and six calls of 8 seconds each at once: six answers within 45 seconds. */
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import type { Engine, Session } from '../../src/engine/engine.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { createLog } from '../../src/log.ts';
import { createRunner } from '../../src/runner.ts';
import { Runs } from '../../src/runs.ts';
import { says, turnEnds } from '../support/chunks.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scriptedEngine, type Script, type Step } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { promptOf, factsOf } from '../run/start-run.ts';
import { toQuestion } from '../support/remote-runner.ts';
import { spendingOf } from '../support/spending.ts';

const tokens = wordTokens();
const ANSWER = 'The answer is 4.';
const MS_PER_TOKEN = 80;

/** 100 tokens: thinking, its end and the answer, unless it is asked for the answer alone. */
const script: Script = ({ ids }) => {
  const isClosed = tokens.decode(ids).trimEnd().endsWith('</think>');
  const text = isClosed ? ANSWER : `${' hm'.repeat(92)}</think>${ANSWER}`;
  return [...says(tokens, text), turnEnds(tokens)].flatMap((piece): Step[] => [{ wait: MS_PER_TOKEN }, piece]);
};

/** First come, first served: the next generation begins when the one before it is over, or was left. */
function withOneSlot(session: Session): Session {
  let last: Promise<void> = Promise.resolve();
  return {
    ...session,
    async *generate(from, limits, call) {
      const before = last;
      let free: (() => void) | undefined;
      last = new Promise((resolve) => (free = resolve));
      try {
        await before;
        yield* session.generate(from, limits, call);
      } finally {
        free?.();
      }
    },
  };
}

/** Six calls at once, in virtual time. */
async function sixCalls(concurrency: number): Promise<readonly Outcome[]> {
  const clock = new FakeClock();
  const thinking = promptOf(tokens, 'open');
  const scripts = Array.from({ length: 12 }, () => script);
  const scripted = scriptedEngine({
    clock,
    tokens,
    facts: factsOf(tokens, {}),
    prompt: thinking,
    scripts,
    render: (_, { thinking: on }) => Promise.resolve(on ? thinking : promptOf(tokens, 'closed')),
  });
  const session = withOneSlot(scripted);
  const engine: Engine = { open: () => Promise.resolve(session), close: () => Promise.resolve() };
  const [evidence, runs, log] = [new EvidenceOfServers(), new Runs(), createLog('silent')];
  const runner = createRunner({
    engine,
    clock,
    evidence,
    mechanism: undefined,
    concurrency,
    runs,
    spending: spendingOf(),
    log,
  });
  const startedAt = clock.now();
  const { signal } = new AbortController();
  const question = toQuestion({ budget: 512, answerTokens: 1024, maxSeconds: 45 });
  const calls = Promise.all(Array.from({ length: 6 }, () => runner.run(question, { signal, startedAt })));
  const outcomes = await clock.until(calls);
  expect(clock.now() - startedAt).toBeLessThanOrEqual(45_000);
  return outcomes;
}

test.each([
  { name: 'on the server', concurrency: 16 },
  { name: 'in our own queue', concurrency: 1 },
])('one slot $name: six answers', async ({ concurrency }) => {
  const outcomes = await sixCalls(concurrency);
  expect(outcomes.map(({ answer }) => answer)).toEqual(outcomes.map(() => ANSWER));
});

test('in our own queue each call gets its turn: those that others wait for think less, and say so', async () => {
  const outcomes = await sixCalls(1);
  const last = outcomes.at(-1);
  const others = outcomes.slice(0, -1);
  for (const { thinkingEndedBy, counts, warnings } of others) {
    expect(thinkingEndedBy).toBe('deadline');
    expect(counts.thinking).toBeGreaterThan(50);
    expect(warnings).toEqual([
      expect.stringMatching(/^the time that other waiting calls need, not the thinking budget/),
    ]);
  }
  expect(last).toMatchObject({ thinkingEndedBy: 'model', warnings: [] });
});

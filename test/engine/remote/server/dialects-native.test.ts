/** Budgets of the servers' own: relied on where they hold, found out where they do not, and what the server wrote is the judge. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/clock.ts';
import { EvidenceOfServers } from '../../../../src/evidence/evidence.ts';
import { watch, type Met } from '../../../support/fake-servers/asking.ts';
import { BUDGETS, startThinker } from '../../../support/fake-servers/budgets.ts';

const BUDGET = 20;
const ANSWER = 'The answer is 42.';
const HELD = BUDGETS.filter(({ held }) => held === 'held');

/** Until the self-test that is made beside a run is over. */
async function tested({ facts }: Met, evidence: EvidenceOfServers): Promise<void> {
  const verdict = (): unknown => evidence.of(facts.server).known(systemClock.now()).native;
  await expect.poll(verdict, { timeout: 5000 }).toBeDefined();
}

describe.each(BUDGETS)('$name', (row) => {
  test('by the rule the server holds it once that is proven: not in the first run', async () => {
    const met = await startThinker(row);
    expect(met.facts.native !== undefined).toBe(row.native !== undefined);
    const evidence = new EvidenceOfServers();
    const own = { mechanism: row.own, honored: true, answer: ANSWER };
    expect(await met.ask({ budget: BUDGET, evidence })).toMatchObject(own);
    if (row.native !== undefined) await tested(met, evidence);
    expect(await met.ask({ budget: BUDGET, evidence })).toMatchObject({
      ...own,
      ...(row.held === 'held' && { mechanism: 'native' }),
    });
  });
});

describe.each(BUDGETS.filter(({ held }) => held === 'absent'))('$name', (row) => {
  test('a budget that the server does not have is passed over', async () => {
    const { ask } = await startThinker(row);
    const outcome = await ask({ budget: BUDGET, mechanism: 'native' });
    expect(outcome).toMatchObject({ mechanism: row.own, honored: true, answer: ANSWER });
    expect(outcome.warnings).toEqual([expect.stringMatching(/has no budget of its own/)]);
  });
});

describe.each(BUDGETS.filter(({ held }) => held !== 'absent'))('$name', (row) => {
  test('a proof is made once', async () => {
    const met = await startThinker(row);
    const { fake, ask } = met;
    const evidence = new EvidenceOfServers();
    await ask({ budget: BUDGET, evidence });
    await tested(met, evidence);
    const before = fake.generations.length;
    const { requests } = await ask({ budget: BUDGET, evidence });
    expect(fake.generations.length - before).toBe(requests);
  });
});

describe.each(HELD)('$name', (row) => {
  test('the server holds its own budget: one request', async () => {
    const { outcome, first } = await watch(await startThinker(row), { budget: BUDGET, mechanism: 'native' });
    expect(first.body).toMatchObject(row.native ?? {});
    expect(first.thinkingTokens).toBeLessThanOrEqual(BUDGET);
    expect(outcome).toMatchObject({ mechanism: 'native', honored: true, requests: 1, answer: ANSWER });
  });

  test('that the budget ended it is told, and after how many tokens', async () => {
    const { outcome, first } = await watch(await startThinker(row), { budget: BUDGET, mechanism: 'native' });
    expect(outcome).toMatchObject({ thinkingEndedBy: 'budget', counts: { thinking: first.thinkingTokens } });
  });
});

describe.each(BUDGETS.filter(({ held }) => held === 'held' || held === 'ignored'))('$name', (row) => {
  test('a budget that is ignored is noticed, and not relied on again', async () => {
    const { ask } = await startThinker(row, { ignoresBudget: true });
    const asked = { budget: BUDGET, mechanism: 'native', evidence: new EvidenceOfServers() } as const;
    expect(await ask(asked)).toMatchObject({ mechanism: 'native', honored: false, answer: ANSWER });
    const again = await ask(asked);
    expect(again).toMatchObject({ mechanism: row.own, honored: true, answer: ANSWER, requests: 2 });
    expect(again.warnings).toEqual([expect.stringMatching(/native was replaced/)]);
  });

  test('also where a chunk has several tokens', async () => {
    const { ask } = await startThinker(row, { ignoresBudget: true, tokensPerChunk: 4 });
    const asked = { budget: BUDGET, mechanism: 'native', evidence: new EvidenceOfServers() } as const;
    expect(await ask(asked)).toMatchObject({ honored: false, answer: ANSWER });
    expect(await ask(asked)).toMatchObject({ mechanism: row.own, honored: true, answer: ANSWER });
  });
});

test.each(BUDGETS.filter(({ held }) => held === 'refused'))(
  '$name: a budget that is refused costs no run',
  async (row) => {
    const { ask } = await startThinker(row);
    const outcome = await ask({ budget: BUDGET, mechanism: 'native' });
    expect(outcome).toMatchObject({ mechanism: row.own, honored: true, answer: ANSWER, requests: 2 });
    expect(outcome.warnings).toEqual([expect.stringMatching(/native was replaced.*refused/)]);
  },
);

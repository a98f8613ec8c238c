/** Every mechanism at every kind of budget on a real vLLM, by the server's own counters. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ForcedMechanism } from '../../src/budget/mechanism.ts';
import type { RunResult } from '../../src/report/result.ts';
import { connect, type CallResult, type Connection } from '../support/connect.ts';
import { runResult } from '../support/results.ts';
import { LONG } from './problems.ts';
import { startVllm, type VllmOptions, type VllmServer } from './server.ts';
import { GENERATED, say, untilIdle } from './waits.ts';

/** What vLLM does with its own budget: holds it, ignores it in silence, or refuses the field. */
export type Native = 'holds' | 'ignores' | 'refuses';

/** Enough for the whole thought. */
const ENOUGH = 512;
const BUDGETS = [0, 1, 10, 64, ENOUGH];
/** What a busy server may have generated between the last token that we read and the abort that reached it. */
const A_FEW_TOKENS = 40;
/** A capped request has room for a closer, and is left when the budget is full. */
const ROOM_FOR_CLOSER = 4;

const LEFT_AT_CUT = { stream: A_FEW_TOKENS, two_call: ROOM_FOR_CLOSER, native: 0, off: 0 } as const;

/** A set-up of its own, for nothing else. */
export function describeMechanismsOf(name: string, options: VllmOptions, native: Native): void {
  describe(`vLLM: ${name}`, () => {
    let vllm: VllmServer;
    beforeAll(async () => {
      vllm = await startVllm(options);
    });
    afterAll(() => vllm?.stop());
    describeMechanisms(name, () => vllm, native);
  });
}

export function describeMechanisms(name: string, server: () => VllmServer, native: Native): void {
  describe.each<ForcedMechanism>(['stream', 'two_call', 'native'])('THINKMETER_MECHANISM=%s', (mechanism) => {
    let client: Connection;

    const open = (): Promise<Connection> => {
      const { url, apiKey } = server();
      const key = apiKey === undefined ? {} : { THINKMETER_API_KEY: apiKey };
      return connect({ client: 'v1', env: { THINKMETER_BASE_URL: url, THINKMETER_MECHANISM: mechanism, ...key } });
    };
    beforeAll(async () => {
      client = await open();
      // a server that does not hold its own budget is found out here
      await ask(client, 16);
    });
    afterAll(() => client?.close());

    const reason = async (budget: number): Promise<{ run: RunResult; generated: number }> => {
      const before = await server().metric(GENERATED);
      const run = runResult(await ask(client, budget));
      await untilIdle(server());
      return { run, generated: (await server().metric(GENERATED)) - before };
    };

    const misled = mechanism === 'native' && native !== 'holds';
    test.runIf(misled)('the first run finds out that the server does not hold it, the second knows', async () => {
      const fresh = await open();
      const first = runResult(await ask(fresh, 16), { honored: native === 'refuses' });
      const second = runResult(await ask(fresh, 16));
      await fresh.close();
      const mechanismOfFirst = native === 'ignores' ? 'native' : 'stream';
      expect(first.thinking).toMatchObject({ mechanism: mechanismOfFirst, ended_by: 'budget' });
      expect(first.warnings.join()).toMatch(
        native === 'ignores' ? /exceeded its own budget/ : /reasoning_config is not/,
      );
      expect(second.thinking).toMatchObject({ mechanism: 'stream', ended_by: 'budget' });
      expect(second.warnings.join()).toMatch(/THINKMETER_MECHANISM=native was replaced/);
    });

    const used = misled ? 'stream' : mechanism;

    test.each(BUDGETS)('a budget of %i holds, and every token that was generated is accounted for', async (budget) => {
      const { run, generated } = await reason(budget);
      expect(run.thinking).toMatchObject({ budget, mechanism: budget === 0 ? 'off' : used, honored: true });
      expect(run.thinking.tokens).toBeLessThanOrEqual(budget);
      const beyond = generated - run.usage.received_tokens;
      expect(beyond).toBeGreaterThanOrEqual(0);
      const wasCut = run.thinking.ended_by === 'budget';
      if (wasCut) say(name, `budget ${budget}, ${mechanism}: ${beyond} tokens generated after the cut`);
      expect(beyond).toBeLessThanOrEqual(wasCut ? LEFT_AT_CUT[run.thinking.mechanism] : 0);
      expect(run.answer).toContain(budget === ENOUGH ? LONG.answer : '');
    });

    test.runIf(used === 'native').each([1, 10, 64])(
      'the server ends a thought at %i tokens, in one request',
      async (budget) => {
        const { run } = await reason(budget);
        expect(run.thinking).toMatchObject({ tokens: budget, ended_by: 'budget' });
        expect(run.usage.requests).toBe(1);
      },
    );
  });
}

function ask(client: Connection, thinking_budget: number): Promise<CallResult> {
  return client.call('reason', { question: LONG.question, thinking_budget });
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { runProgram } from '../support/program.ts';
import { runResult } from '../support/results.ts';
import { hasNginx, startNginx, type Nginx } from './nginx.ts';
import { LONG, SHORT } from './problems.ts';
import { describeSetup } from './suite.ts';

// vLLM looks for the ids of `<think>` alone, which such a tokenizer never makes
describeSetup(
  'thinkmeter-demo with a reasoning parser',
  {
    model: 'thinkmeter-demo',
    args: ['--reasoning-parser', 'nemotron_v3'],
    native: 'ignores',
    besides: 'untrusted text',
  },
  (started) => {
    describe.skipIf(!hasNginx)('behind nginx (skipped where that is not installed)', () => {
      let nginx: Nginx;
      let client: Connection;
      beforeAll(async () => {
        nginx = await startNginx(started().vllm.url);
        client = await connect({ env: { THINKMETER_BASE_URL: nginx.url } });
      });
      afterAll(async () => {
        await client?.close();
        await nginx?.stop();
      });

      test.each([1, 10, 64])('a budget of %i holds', async (thinking_budget) => {
        const run = runResult(await client.call('reason', { question: LONG.question, thinking_budget }));
        expect(run.thinking).toMatchObject({ ended_by: 'budget', honored: true, counted_by: 'ids' });
      });

      test('the answer is right', async () => {
        const run = runResult(await client.call('reason', { question: SHORT.question, thinking_budget: 512 }));
        expect(run.answer).toBe(`The answer is ${SHORT.answer}.`);
      });

      test('doctor names the directive', async () => {
        const { stdout } = await runProgram({ args: ['doctor', '--base-url', nginx.url] });
        expect(stdout).toContain('proxy_buffering off');
      });
    });
  },
);

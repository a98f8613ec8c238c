/** kill -9 during runs: what had arrived a moment before is there, to the token, and a later run continues it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/state/database.ts';
import { connect } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import type { FakeVllm, RecordedRequest } from '../support/fake-vllm/server.ts';
import { startFake } from '../support/start-fake.ts';
import { promptIds } from '../support/untrusted.ts';
import { runResult } from '../support/results.ts';
import { receivedRuns } from './received-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const generations = ({ requests }: FakeVllm): RecordedRequest[] =>
  requests.filter(({ path }) => path === '/v1/completions');

const idsIn = ({ body }: RecordedRequest): readonly number[] => promptIds('thinkmeter-demo', body['prompt']);

test.each([
  { calls: 1, sent: 60 },
  { calls: 1, sent: 150 },
  { calls: 4, sent: 100 },
])('$calls at once, after $sent tokens', async ({ calls, sent }) => {
  const env = { THINKMETER_STATE: join(folder, `${calls}-${sent}.db`) };
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 10 });
  const client = await connect({ fake, env });
  for (let call = 0; call < calls; call += 1) {
    const args = { question: `What is ${call} + 2?`, thinking_budget: 4000 };
    client.call('reason', args).catch(() => undefined);
  }
  await expect
    .poll(() => generations(fake).length === calls && generations(fake).every(({ sentTokens }) => sentTokens >= sent))
    .toBe(true);
  await expect.poll(() => receivedRuns(env.THINKMETER_STATE)).toBe(calls);
  process.kill(client.pid, 'SIGKILL');
  const prompts = generations(fake).map(idsIn);

  const another = await connect({ fake, env });
  const uris = await another.listRuns();
  expect(uris).toHaveLength(calls);
  const results = await Promise.all(
    uris.map((uri) => another.call('reason', { continue_run: uri, thinking_budget: 16 })),
  );
  for (const { usage } of results.map((result) => runResult(result))) {
    expect(usage.reused_tokens).toBeGreaterThan(0);
    const begins = generations(fake)
      .slice(calls)
      .map(idsIn)
      .filter((ids) => prompts.some((prompt) => String(ids.slice(0, prompt.length)) === String(prompt)));
    expect(begins.some((ids) => prompts.some(({ length }) => ids.length - length === usage.reused_tokens))).toBe(true);
  }
  await another.close();
  const database = await openDatabase(env.THINKMETER_STATE);
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
});

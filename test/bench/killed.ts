/**
 * kill -9 of a server at random moments of its runs, and `continue_run` in another process: what is lost.
 *
 *   npm run bench:killed [-- --kills 20]
 *
 * The server is the fake vLLM at 100 tokens/s; a run thinks without an end. Lost are tokens that had reached the killed
 * process and are not in the state file. They are bought again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import type { RunResult } from '../../src/report/result.ts';
import { openDatabase } from '../../src/state/database.ts';
import { connect } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '20' } } });
const MS_PER_TOKEN = 10;

type Killed = { readonly sent: number; readonly reused: number; readonly found: number; readonly isSound: boolean };

async function killOne(calls: number): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-killed-'));
  const env = { THINKMETER_STATE: join(folder, 'state.db') };
  const fake = await startFakeVllm({ script: neverStopsThinking(), msPerToken: MS_PER_TOKEN });
  const sent = (): number[] =>
    fake.requests.flatMap(({ path, sentTokens }) => (path === '/v1/completions' ? [sentTokens] : []));
  try {
    const client = await connect({ fake, env: { ...env, THINKMETER_CONCURRENCY: '8' } });
    for (let call = 0; call < calls; call += 1) {
      client.call('reason', { question: `What is ${call} + 2?`, thinking_budget: 4000 }).catch(() => undefined);
    }
    while (sent().length < calls || Math.min(...sent()) === 0) await sleep(5);
    await sleep(Math.random() * 3000);
    process.kill(client.pid, 'SIGKILL');
    const sum = sent().reduce((a, b) => a + b, 0);
    const another = await connect({ fake, env });
    const uris = await another.listRuns();
    const results = await Promise.all(
      uris.map((uri) => another.call('reason', { continue_run: uri, thinking_budget: 4 })),
    );
    const reused = results.map(({ structured }) => (structured as RunResult).usage.reused_tokens ?? 0);
    await another.close();
    const database = await openDatabase(env.THINKMETER_STATE);
    const [check] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    database.close();
    return {
      sent: sum,
      reused: reused.reduce((a, b) => a + b, 0),
      found: uris.length,
      isSound: check?.integrity_check === 'ok',
    };
  } finally {
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: string[][] = [];
for (const calls of [1, 8]) {
  const all: Killed[] = [];
  for (let kill = 0; kill < Number(values.kills); kill += 1) all.push(await killOne(calls));
  const lost = all.map(({ sent, reused }) => (sent - reused) / calls).toSorted((a, b) => a - b);
  rows.push([
    String(calls),
    String(all.length),
    String(all.filter(({ isSound }) => isSound).length),
    String(all.reduce((sum, { found }) => sum + found, 0)),
    (lost.reduce((a, b) => a + b, 0) / lost.length).toFixed(1),
    (lost.at(-1) ?? 0).toFixed(1),
    `${Math.round((lost.at(-1) ?? 0) * MS_PER_TOKEN)} ms`,
  ]);
}
const headings = ['runs at once', 'kills', 'sound files', 'runs found', 'tokens lost of a run', 'most', 'as time'];
process.stdout.write(`${toTable(headings, rows)}\n`);

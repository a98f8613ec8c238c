/**
 * Servers that write to one state file at the same time, beside as many that write to none.
 *
 *   npm run bench:writers [-- --seconds 60 --servers 4]
 *
 * The servers are the built program, on a fake vLLM in a process of its own that does not wait between tokens. At the
 * end the file must hold every run once, `thinkmeter usage` must count every call, and the file must be sound: if not,
 * the exit code is 1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { openDatabase } from '../../src/state/database.ts';
import { connect } from '../support/connect.ts';
import { runProgram } from '../support/program.ts';
import { machine } from './figures.ts';
import { callsFor } from './load.ts';
import { startServer } from './server-process.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, servers: { type: 'string', default: '4' } },
});
const SECONDS = Number(values.seconds);
const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-writers-'));
const env = { THINKMETER_STATE: join(folder, 'state.db'), THINKMETER_STATE_MB: '2000' };
const fake = await startServer('test/support/fake-vllm/main.ts', []);

/** The calls of each server. */
async function run(settings: Readonly<Record<string, string>>): Promise<readonly (readonly number[])[]> {
  const servers = await Promise.all(
    Array.from({ length: Number(values.servers) }, () => connect({ fake, env: settings })),
  );
  const calls = await Promise.all(servers.map((server) => callsFor(server, SECONDS, 2)));
  const statuses = await Promise.all(servers.map((server) => server.call('server_status', {})));
  for (const { text } of statuses) if (text.includes('state file')) process.stdout.write(`${text}\n`);
  await Promise.all(servers.map((server) => server.close()));
  return calls;
}

function rows(name: string, servers: readonly (readonly number[])[]): string[][] {
  return servers.map((ms, index) => {
    const sorted = ms.toSorted((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
    return [`${name} ${index + 1}`, String(ms.length), (ms.length / SECONDS).toFixed(1), at(0.5), at(0.99), at(1)];
  });
}

try {
  const without = await run({});
  const writing = await run(env);
  const made = writing.reduce((sum, { length }) => sum + length, 0);
  const usage = await runProgram({ args: ['usage', '--json'], env });
  const { total } = JSON.parse(usage.stdout) as { total: { calls: number } };
  const database = await openDatabase(env.THINKMETER_STATE);
  const [kept] = database.prepare(`SELECT count(*) AS runs FROM runs WHERE record <> ''`).all() as { runs: number }[];
  const [check] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
  database.close();
  const headings = ['server', 'calls', 'a second', 'median ms', 'p99 ms', 'longest ms'];
  process.stdout.write(`${toTable(headings, [...rows('no file', without), ...rows('one file', writing)])}\n\n`);
  process.stdout.write(
    `calls ${made}, runs in the file ${kept?.runs ?? 0}, calls in usage ${total.calls}, integrity ${check?.integrity_check ?? ''}\n`,
  );
  process.stdout.write(`${machine()}\n`);
  if (kept?.runs !== made || total.calls !== made || check?.integrity_check !== 'ok') process.exitCode = 1;
} finally {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
}

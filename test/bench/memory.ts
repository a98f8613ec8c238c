/**
 * Resident memory of the built program under load, through a real MCP client over stdio:
 *
 *   npm run bench:memory [-- --calls 8000] [--at-once 64]
 *
 * The model is the fake vLLM in its own process. Each call asks a new question and takes 20 thinking tokens and 5 answer
 * tokens. The memory is flat if the second half of the calls adds nothing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { connect } from '../support/connect.ts';
import { machine } from './figures.ts';
import { ANSWER, thinkingOf } from './model-text.ts';
import { startServer } from './server-process.ts';

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '8000' }, 'at-once': { type: 'string', default: '64' } },
});
const [calls, atOnce] = [Number(values.calls), Number(values['at-once'])];
const FIRST_CALLS = 440;
const THINKING_TOKENS = 20;
/** between the last call and the measurement */
const SETTLE_MS = 1000;

type Memory = { readonly resident: number; readonly peak: number | undefined };

/** In MB. Only Linux reports a peak. */
function memoryOf(pid: number): Memory {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) {
    const resident = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return { resident: Number(resident) / 1024, peak: undefined };
  }
  const status = readFileSync(file, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}

const script = ['--script', 'thinks', '--thinking', thinkingOf(THINKING_TOKENS), '--answer', ANSWER];
const server = await startServer('test/support/fake-vllm/main.ts', script);
const program = await connect({ fake: server, env: { THINKMETER_LOG_LEVEL: 'silent' } });
let called = 0;

/** Makes calls until there were so many, `parallel` at a time. */
async function callUntil(total: number, parallel: number): Promise<void> {
  const worker = async (): Promise<void> => {
    while (called < total) {
      called += 1;
      const question = `Question ${called}: 2^10 + 3^5 - 4^3 = ?`;
      // oxlint-disable-next-line no-await-in-loop -- each worker makes one call at a time
      const { isError, text } = await program.call('reason', { question, thinking_budget: 64, answer_tokens: 64 });
      if (isError) throw new Error(text);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

const rows: string[][] = [];
async function row(name: string): Promise<void> {
  await sleep(SETTLE_MS);
  const { resident, peak } = memoryOf(program.pid);
  rows.push([name, resident.toFixed(1), peak?.toFixed(1) ?? 'unknown']);
}

const startedAt = performance.now();
await row('idle, after initialize and tools/list');
await callUntil(FIRST_CALLS, 1);
await row(`${FIRST_CALLS} calls, one at a time`);
await callUntil(FIRST_CALLS + calls / 2, atOnce);
await row(`${calls / 2} more, ${atOnce} at a time`);
await callUntil(FIRST_CALLS + calls, atOnce);
await row(`${calls / 2} more, ${atOnce} at a time`);
await program.close();
await server.stop();

const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
process.stdout.write(
  `${machine()}; ${called} calls in ${seconds} s\n\n${toTable(['', 'resident MB', 'peak MB'], rows)}\n`,
);

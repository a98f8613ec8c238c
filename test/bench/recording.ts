/**
 * What recording costs: calls per second of one server with a state file and of one without, in pairs whose order
 * alternates.
 *
 *   npm run bench:recording [-- --pairs 10 --seconds 3 --at-once 4]
 *
 * Both are the built program on the same fake vLLM, which is a process of its own and does not wait between tokens, so
 * that the program's own time limits the calls. CPU time is that of the server's process (Linux).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { connect, type Connection } from '../support/connect.ts';
import { machine, median } from './figures.ts';
import { callsFor } from './load.ts';
import { startServer } from './server-process.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '3' },
    'at-once': { type: 'string', default: '4' },
  },
});
const SECONDS = Number(values.seconds);
const AT_ONCE = Number(values['at-once']);
const THINKING = '1024 + 243 is 1267, and 1267 - 64 is 1203.\n'.repeat(4);

/** Of a process, in milliseconds; 0 where it is not known. A tick is 10 ms. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0;
  }
}

type Measured = { readonly perSecond: number; readonly cpuMsPerCall: number };

async function measure(client: Connection): Promise<Measured> {
  const cpuBefore = cpuMs(client.pid);
  const startedAt = performance.now();
  const { length } = await callsFor(client, SECONDS, AT_ONCE);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: length / seconds, cpuMsPerCall: (cpuMs(client.pid) - cpuBefore) / length };
}

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-recording-'));
const fake = await startServer('test/support/fake-vllm/main.ts', ['--thinking', THINKING]);
try {
  const [without, recording] = await Promise.all([
    connect({ fake }),
    connect({ fake, env: { THINKMETER_STATE: join(folder, 'state.db') } }),
  ]);
  await callsFor(without, SECONDS, AT_ONCE);
  await callsFor(recording, SECONDS, AT_ONCE);
  const pairs: (readonly [Measured, Measured])[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair += 1) {
    // oxlint-disable no-await-in-loop -- in turns, so that both meet the same machine
    if (pair % 2 === 0) pairs.push([await measure(without), await measure(recording)]);
    else {
      const second = await measure(recording);
      pairs.push([await measure(without), second]);
    }
    // oxlint-enable no-await-in-loop
  }
  await Promise.all([without.close(), recording.close()]);
  const rows = (['perSecond', 'cpuMsPerCall'] as const).map((field) => {
    const ratios = pairs.map(([none, file]) => file[field] / none[field]);
    const of = (side: 0 | 1): string => median(pairs.map((pair) => pair[side][field])).toFixed(2);
    const sorted = ratios.toSorted((a, b) => a - b);
    return [
      field === 'perSecond' ? 'calls per second' : 'CPU ms per call',
      of(0),
      of(1),
      median(ratios).toFixed(3),
      `${(sorted[0] ?? 0).toFixed(3)} to ${(sorted.at(-1) ?? 0).toFixed(3)}`,
    ];
  });
  process.stdout.write(`${toTable(['', 'without', 'with a file', 'median of the ratios', 'ratios'], rows)}\n\n`);
  process.stdout.write(`${pairs.length} pairs of ${SECONDS} s, ${AT_ONCE} calls at once; ${machine()}\n`);
} finally {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
}

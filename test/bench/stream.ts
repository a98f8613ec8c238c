/**
 * CPU time of the client for each streamed token, compared with the least that a client can do:
 *
 *   npm run bench:stream [-- --repeats 5]
 *
 * Both programs read the same stream to its end, in a fresh process for each measurement (`stream-child.ts`).
 * thinkmeter: the whole of `runner.run`. bare: `fetch`, a split at blank lines and `JSON.parse`, with the request that
 * thinkmeter sends. `stream-server.ts` describes the shapes of the stream.
 */
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { machine, median } from './figures.ts';
import { ANSWER, thinkingOf } from './model-text.ts';
import { startServer } from './server-process.ts';
import type { Measured } from './stream-child.ts';
import { ours } from './stream-programs.ts';

const { values } = parseArgs({ options: { repeats: { type: 'string', default: '5' } } });

/** `tokens` in each stream; `streams` are measured in each process. */
const SHAPES = [
  { shape: 'coalesced', tokens: 20_000, streams: 5 },
  { shape: 'apart', tokens: 3000, streams: 1 },
] as const;

/** The request that thinkmeter sends today, recorded by a fake with a short script. */
async function requestOfOurs(): Promise<string> {
  const fake = await startFakeVllm({ window: 65_536, script: thinks(thinkingOf(1), ANSWER) });
  const program = ours(fake.url);
  await program.read();
  await program.close();
  await fake.close();
  const request = fake.requests.findLast(({ sentTokens }) => sentTokens > 0);
  if (request === undefined) throw new Error('thinkmeter requested no stream');
  return JSON.stringify({ path: request.path, body: request.body });
}

const run = promisify(execFile);

async function measure(url: string, streams: number, ...request: string[]): Promise<Measured> {
  const args = ['--import', 'tsx', 'test/bench/stream-child.ts', url, String(streams), ...request];
  const { stdout } = await run(process.execPath, args);
  return JSON.parse(stdout) as Measured;
}

const cost = ({ microseconds, tokens }: Measured): number => microseconds / tokens;

const request = await requestOfOurs();
const rows: string[][] = [];
for (const { shape, tokens, streams } of SHAPES) {
  const pairs: { readonly our: Measured; readonly their: Measured }[] = [];
  // oxlint-disable no-await-in-loop -- in turns, so that both meet the same machine
  const server = await startServer('test/bench/stream-server.ts', [shape, String(tokens)]);
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    pairs.push({ our: await measure(server.url, streams), their: await measure(server.url, streams, request) });
  }
  await server.stop();
  // oxlint-enable no-await-in-loop
  const total = (of: (bare: Measured) => number): number => pairs.reduce((sum, { their }) => sum + of(their), 0);
  rows.push([
    shape,
    String(tokens),
    median(pairs.map(({ our }) => cost(our))).toFixed(1),
    median(pairs.map(({ their }) => cost(their))).toFixed(1),
    median(pairs.map(({ our, their }) => cost(our) / cost(their))).toFixed(2),
    (total(({ bytes }) => bytes) / total((bare) => bare.tokens)).toFixed(0),
    (total((bare) => bare.tokens) / total(({ reads }) => reads)).toFixed(0),
  ]);
}
const headings = ['stream', 'tokens', 'thinkmeter µs/token', 'bare µs/token', 'ratio', 'bytes/token', 'tokens/read'];
process.stdout.write(
  `CPU time, medians of ${values.repeats} processes each; ${machine()}\n\n${toTable(headings, rows)}\n`,
);

/**
 * A fresh process for each measurement of `bench:stream`: `stream-child.ts URL STREAMS [REQUEST]`. Without a request it
 * is thinkmeter, with one the bare client. The first stream is warm-up. Prints one line of JSON.
 */
import { bare, ours, type StreamRequest } from './stream-programs.ts';

export type Measured = {
  readonly tokens: number;
  readonly microseconds: number;
  readonly reads: number;
  readonly bytes: number;
};

const [url = '', streams = '1', request] = process.argv.slice(2);
const program = request === undefined ? ours(url) : bare(url, JSON.parse(request) as StreamRequest);
await program.read();

const before = process.cpuUsage();
let [tokens, reads, bytes] = [0, 0, 0];
for (let stream = 0; stream < Number(streams); stream++) {
  // oxlint-disable-next-line no-await-in-loop -- one stream at a time
  const reading = await program.read();
  tokens += reading.tokens;
  reads += reading.reads ?? 0;
  bytes += reading.bytes ?? 0;
}
// every thread of the process: the garbage collector and the compiler as well
const { user, system } = process.cpuUsage(before);
await program.close();
process.stdout.write(`${JSON.stringify({ tokens, microseconds: user + system, reads, bytes } satisfies Measured)}\n`);

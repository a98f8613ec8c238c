/** Stands between a host and thinkmeter, and writes down what the host sends. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRY, ROOT, type Message } from '../support/program.ts';

const SERVER = join(ROOT, ENTRY);

export type Recorder = {
  /** the messages of the host so far, without a line that is not whole yet */
  sent(): readonly Message[];
};

/**
 * Changes one path in the settings that `thinkmeter init` wrote: the host starts a program that copies stdin, and gives
 * all else to the server.
 */
export function record(home: string, settings: string): Recorder {
  const program = join(home, 'recorder.mjs');
  const file = join(home, 'sent.jsonl');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
const args = [${JSON.stringify(SERVER)}, ...process.argv.slice(2)];
const server = spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] });
process.stdin.pipe(server.stdin);
process.stdin.pipe(createWriteStream(${JSON.stringify(file)}, { flags: 'a' }));
`,
  );
  const path = join(home, settings);
  const written = readFileSync(path, 'utf8');
  if (!written.includes(SERVER)) throw new Error(`${settings} does not start ${SERVER}: ${written}`);
  writeFileSync(path, written.replace(SERVER, program));
  return {
    sent: () =>
      (existsSync(file) ? readFileSync(file, 'utf8') : '')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Message),
  };
}

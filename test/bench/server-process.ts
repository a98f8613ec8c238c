/** A server in a process of its own, so that its CPU time and memory are not measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type ServerProcess = { readonly url: string; stop(): Promise<void> };

/** `file` prints its address as its first line. */
export async function startServer(file: string, args: readonly string[]): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  // a bench that fails leaves no server behind
  process.once('exit', () => child.kill());
  const { value, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (done === true) throw new Error(`${file} ended before it printed its address`);
  return {
    url: value,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

/** Other programs of this machine: the only place that starts any. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ConfigError } from '../errors.ts';

const LONGEST_MS = 3000;

/** What a program prints; undefined when it is not there, fails, or takes long. */
export function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: LONGEST_MS, maxBuffer: 1 << 20 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}

/** Runs a program on our own terminal until it ends, or the signal ends it. @throws {ConfigError} */
export async function runInForeground(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0 || signal.aborted) return;
    throw new ConfigError(`the command ${program} ended with ${code ?? 'a signal'}`, { hint: 'read what it printed' });
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`the command ${program} could not be started`, {
      hint: 'install it, and make sure that it is on the PATH',
      cause,
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

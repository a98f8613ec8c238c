/** Starts other programs of this machine; no other file does. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ConfigError } from '../errors.ts';

const LONGEST_MS = 3000;

/** The output of a program; undefined if the program is missing, fails, or takes longer than 3 s. */
export function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: LONGEST_MS, maxBuffer: 1 << 20 }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}

/** Runs a program in the terminal until the program ends or the signal stops it. @throws {ConfigError} */
export async function runInForeground(program: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn(program, args, { stdio: 'inherit' });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code === 0 || signal.aborted) return;
    throw new ConfigError(`the program ${program} ended with ${code === null ? 'a signal' : `exit code ${code}`}`, {
      hint: 'see its output above',
    });
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`the program ${program} could not be started`, {
      hint: 'install it and check that it is on the PATH',
      cause,
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** An install, step by step, told on stderr; exit codes: 0 done, 1 failed, 2 wrong usage, 3 not possible on this machine. */
import { spawnSync } from 'node:child_process';

export type Install = {
  /** before each line: the npm script */
  readonly name: string;
  readonly help: string;
  readonly isInstalled: () => boolean;
  readonly folder: string;
  /** in their order; what comes before the first may throw as well */
  readonly steps: () => readonly (readonly [name: string, step: () => void])[];
};

export class NotPossibleHere extends Error {}

/** Runs a program to its end and returns its output; when it fails, its last lines become the error. */
export function run(command: string, args: readonly string[], accepted = [0]): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (accepted.includes(status ?? -1)) return stdout;
  // a private package index can make pip warn hundreds of times; the reason of a failure is never among them
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('WARNING:'));
  throw new Error(`${command} ${args.join(' ')}\n${lines.slice(-15).join('\n')}`);
}

export function install({ name, help, isInstalled, folder, steps }: Install, args: readonly string[]): number {
  const tell = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  if (args.length > 0) {
    tell(`unknown argument ${args[0]}; see --help`);
    return 2;
  }
  if (isInstalled()) {
    tell('already installed');
    return 0;
  }
  try {
    for (const [what, step] of steps()) {
      const start = performance.now();
      step();
      tell(`${what} (${Math.round((performance.now() - start) / 1000)} s)`);
    }
    tell(`done, in ${folder}`);
    return 0;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return error instanceof NotPossibleHere ? 3 : 1;
  }
}

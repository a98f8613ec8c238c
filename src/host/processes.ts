/** The memory of a model server's processes, if the server runs on this machine. */
import { outputOf } from './programs.ts';

export type ServerMemory = { readonly processes: number; readonly residentMiB: number };

type Server = {
  readonly address: string;
  /** matches the command lines of its processes; absent: unknown */
  readonly program?: RegExp;
};

/** Undefined if the server runs on another machine, or no process matches. */
export async function serverMemory({ address, program }: Server): Promise<ServerMemory | undefined> {
  const { hostname } = new URL(address);
  if (program === undefined || !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return undefined;
  return parseProcesses((await outputOf('ps', ['-e', '-o', 'rss=,args='])) ?? '', program);
}

/** Parses lines of resident KiB and command line, as `ps` prints them. */
export function parseProcesses(listing: string, program: RegExp): ServerMemory | undefined {
  const sizes = listing.split('\n').flatMap((line) => {
    const [, kib = '', args = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return program.test(args) && !/thinkmeter/.test(args.split(' ').slice(0, 2).join(' ')) ? [Number(kib)] : [];
  });
  if (sizes.length === 0) return undefined;
  const total = sizes.reduce((sum, kib) => sum + kib, 0);
  return { processes: sizes.length, residentMiB: Math.round(total / 1024) };
}

/** A disk that can be filled: a file system in memory, which only root can mount, and only on Linux. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type SmallDisk = {
  readonly folder: string;
  /** Leaves no byte. */
  fill(): void;
  free(): void;
  resize(megabytes: number): void;
  unmount(): void;
};

/** undefined: it cannot be mounted here. */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => fillWith(filler),
    free: () => rmSync(filler, { force: true }),
    resize: (size) => void execFileSync('mount', ['-o', `remount,size=${size}m`, folder], { stdio: 'ignore' }),
    unmount: () => {
      // a killed server may still hold it
      execFileSync('umount', ['--lazy', folder], { stdio: 'ignore' });
      rmSync(folder, { recursive: true });
    },
  };
}

function fillWith(file: string): void {
  const descriptor = openSync(file, 'a');
  for (let size = 65_536; size >= 1; size /= 2) {
    const block = Buffer.alloc(size);
    try {
      for (;;) writeSync(descriptor, block);
    } catch {
      // a smaller one may still fit
    }
  }
  closeSync(descriptor);
}

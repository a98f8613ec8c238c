/** Reads the GPUs of this machine through the vendor's tools. */
import { outputOf } from './programs.ts';

export type Gpu = {
  readonly name: string;
  /** per cent */
  readonly busy?: number;
  readonly usedMiB?: number;
  readonly totalMiB?: number;
  readonly watts?: number;
};

const NVIDIA = [
  '--query-gpu=name,utilization.gpu,memory.used,memory.total,power.draw',
  '--format=csv,noheader,nounits',
];
/** Apple's GPUs; `ioreg` needs no root rights. */
const APPLE = ['-r', '-d', '1', '-c', 'IOAccelerator'];

/** Empty if neither `nvidia-smi` nor, on macOS, `ioreg` is available. */
export async function readGpus(): Promise<Gpu[]> {
  const [nvidia, apple] = await Promise.all([outputOf('nvidia-smi', NVIDIA), outputOf('ioreg', APPLE)]);
  return nvidia === undefined ? parseApple(apple ?? '') : parseNvidia(nvidia);
}

export function parseNvidia(csv: string): Gpu[] {
  return csv
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...figures] = line.split(',').map((cell) => cell.trim());
      const [busy, usedMiB, totalMiB, watts] = figures.map(Number);
      return { name, ...known({ busy, usedMiB, totalMiB, watts }) };
    });
}

export function parseApple(ioreg: string): Gpu[] {
  const busy = /"Device Utilization %"=(\d+)/.exec(ioreg)?.[1];
  if (busy === undefined) return [];
  const name = /"model" = "([^"]+)"/.exec(ioreg)?.[1] ?? 'Apple GPU';
  const used = /"In use system memory"=(\d+)/.exec(ioreg)?.[1];
  return [{ name, busy: Number(busy), ...known({ usedMiB: used === undefined ? undefined : Number(used) / 2 ** 20 }) }];
}

/** `nvidia-smi` prints `[N/A]` for figures that a card does not report. */
function known<Name extends string>(figures: Record<Name, number | undefined>): Partial<Record<Name, number>> {
  const there = Object.entries<number | undefined>(figures).filter(([, figure]) => Number.isFinite(figure));
  return Object.fromEntries(there) as Partial<Record<Name, number>>;
}

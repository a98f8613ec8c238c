/** The picture of a tuning as a PNG, for chats that show no SVG. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { limit } from '../../wait.ts';
import type { TuneResult } from '../values.ts';
import { CARD_FONT } from './card-font.ts';
import type { Drawing } from './rasterize.ts';
import { toSvg } from './svg.ts';

/** In pixels: text stays readable where a chat shows the picture at half its size. */
export const PNG_WIDTH = 1280;

/** A busy machine takes seconds to compile what draws. */
const LONGEST_MS = 30_000;

/** The built file, also if tests run this one from `src/`. In the program, this one lies in `dist/parts/`. */
const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/rasterize.js' : '../rasterize.js',
  import.meta.url,
);

/** @throws if the picture cannot be drawn, or the signal aborts */
export async function toPng(result: TuneResult, signal: AbortSignal): Promise<Uint8Array> {
  const drawing: Drawing = { svg: toSvg(result, 'card'), width: PNG_WIDTH, fontFamily: CARD_FONT };
  const inTime = limit(signal, LONGEST_MS);
  // stdout belongs to the protocol
  const thread = new Worker(THREAD_FILE, { workerData: drawing, stdout: true });
  // without a listener, an error that comes after the signal would end the process
  thread.on('error', () => undefined);
  try {
    const [png] = (await once(thread, 'message', { signal: inTime.signal })) as [Uint8Array];
    return png;
  } finally {
    inTime.release();
    void thread.terminate();
  }
}

/**
 * A thread that draws one SVG as a PNG, by resvg, which is compiled to WebAssembly and part of thinkmeter's own package.
 * Drawing takes up to a second, in which the main thread could serve no other call. resvg draws text only in a font that
 * it is given. The bundle has this as a separate file, next to the two files that it reads.
 */
import { Resvg, initWasm } from '@resvg/resvg-wasm';
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is started with. */
export type Drawing = {
  readonly svg: string;
  /** in pixels */
  readonly width: number;
  readonly fontFamily: string;
};

const { svg, width, fontFamily } = workerData as Drawing;
const read = (file: string): Promise<Buffer> => readFile(new URL(file, import.meta.url));
const [wasm, font] = await Promise.all([read('resvg.wasm'), read('open-sans.ttf')]);
await initWasm(wasm);
const resvg = new Resvg(svg, {
  fitTo: { mode: 'width', value: width },
  font: { fontBuffers: [font], defaultFontFamily: fontFamily },
});
parentPort?.postMessage(resvg.render().asPng());

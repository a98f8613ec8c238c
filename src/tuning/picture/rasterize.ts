/**
 * An SVG as a PNG, by resvg, which is compiled to WebAssembly and part of thinkmeter's own package. It draws text only
 * in a font that it is given. This file is bundled as a file of its own, next to the two files it reads; its first use
 * loads them.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

type Rasterizer = (svg: string, width: number) => Uint8Array;

/** In the program as built, and in the source. */
const FILES = import.meta.url.endsWith('.ts')
  ? {
      wasm: '../../../node_modules/@resvg/resvg-wasm/index_bg.wasm',
      font: '../../../node_modules/@expo-google-fonts/open-sans/400Regular/OpenSans_400Regular.ttf',
    }
  : { wasm: 'resvg.wasm', font: 'open-sans.ttf' };

let loading: Promise<Rasterizer> | undefined;

/** `width`: in pixels. */
export async function rasterize(svg: string, width: number, fontFamily: string): Promise<Uint8Array> {
  // the library refuses to be loaded twice; a failure is not kept
  loading ??= load(fontFamily).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return (await loading)(svg, width);
}

async function load(fontFamily: string): Promise<Rasterizer> {
  const [{ initWasm, Resvg }, wasm, font] = await Promise.all([
    import('@resvg/resvg-wasm'),
    readFile(fileURLToPath(new URL(FILES.wasm, import.meta.url))),
    readFile(fileURLToPath(new URL(FILES.font, import.meta.url))),
  ]);
  await initWasm(wasm);
  return (svg, width) => {
    const resvg = new Resvg(svg, {
      fitTo: { mode: 'width', value: width },
      font: { fontBuffers: [font], defaultFontFamily: fontFamily },
    });
    try {
      const image = resvg.render();
      try {
        return image.asPng();
      } finally {
        image.free();
      }
    } finally {
      resvg.free();
    }
  };
}

import * as fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { PNG_WIDTH, toPng as draw } from '../../../src/tuning/picture/png.ts';
import type { TuneResult } from '../../../src/tuning/values.ts';
import { ROOT } from '../../support/program.ts';
import { anyResult, sampleResult } from './samples.ts';

const DIST = join(ROOT, 'dist');
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

const toPng = (result: TuneResult): Promise<Uint8Array> => draw(result, new AbortController().signal);

type Chunk = { readonly type: string; readonly data: Buffer };

function chunksOf(png: Uint8Array): Chunk[] {
  const bytes = Buffer.from(png);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

/** Checks what every PNG of a tuning has, and returns how many different lines of pixels it has. */
function differentLines(png: Uint8Array): number {
  expect(png.slice(0, SIGNATURE.length)).toEqual(new Uint8Array(SIGNATURE));
  const chunks = chunksOf(png);
  const header = chunks[0]?.data ?? Buffer.alloc(8);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  // 720 x 420 at the same proportions
  expect([width, height]).toEqual([PNG_WIDTH, 747]);
  const pixels = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const line = pixels.length / height;
  return new Set(
    Array.from({ length: height }, (_, index) => pixels.toString('latin1', index * line, (index + 1) * line)),
  ).size;
}

test('it is a PNG of 1280 pixels, and not of one color', async () => {
  const png = await toPng(sampleResult({ budgets: 8 }));
  expect(differentLines(png)).toBeGreaterThan(100);
  expect(png.length).toBeLessThan(200_000);
});

test('a caller who has gone does not wait for the picture', async () => {
  await expect(draw(sampleResult({ budgets: 3 }), AbortSignal.abort())).rejects.toThrow('aborted');
});

test('text is drawn: another name of the model is another picture', async () => {
  const [one, other] = await Promise.all(['a', 'b'].map((model) => toPng(sampleResult({ budgets: 3, model }))));
  expect(one).not.toEqual(other);
});

test('a name in characters that the font does not have is not left blank', async () => {
  const [none, some] = await Promise.all(['', '模型'].map((model) => toPng(sampleResult({ budgets: 3, model }))));
  expect(some).not.toEqual(none);
});

test('whatever the types allow becomes a PNG: the library reads only well-formed XML', async () => {
  await fc.assert(
    fc.asyncProperty(anyResult, async (result) => {
      expect(differentLines(await toPng(result))).toBeGreaterThan(20);
    }),
    { numRuns: 25 },
  );
});

test('the built program loads nothing of it at its start', () => {
  const scripts = (readdirSync(DIST, { recursive: true }) as string[]).filter((file) => file.endsWith('.js'));
  const code = new Map(scripts.map((file) => [basename(file), readFileSync(join(DIST, file), 'utf8')]));
  const loaded = new Set(['main.js', 'program.js']);
  for (const file of loaded) {
    for (const [, name = ''] of code.get(file)?.matchAll(/\bimport\s*(?:[^"'()]*?\bfrom\s*)?"([^"]+)"/g) ?? []) {
      if (name.startsWith('.')) loaded.add(basename(name));
    }
  }
  const drawing = [...code].filter(([, text]) => /resvg\.wasm|initWasm/.test(text)).map(([file]) => file);
  expect(drawing).toContain('rasterize.js');
  expect(loaded.size).toBeGreaterThan(2);
  expect(drawing.filter((file) => loaded.has(file))).toEqual([]);
});

test('the licenses of the font and of the library are next to them', () => {
  expect(readFileSync(join(DIST, 'open-sans.LICENSE.txt'), 'utf8')).toContain('SIL Open Font License, Version 1.1');
  expect(readFileSync(join(DIST, 'resvg.LICENSE.txt'), 'utf8')).toMatch(/@resvg\/resvg-wasm \d+\.\d+\.\d+, unchanged/);
});

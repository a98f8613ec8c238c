/** What is assumed of the font that is shipped: which characters it has, and how wide they are. */
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CARD_FONT, drawable } from '../../../src/tuning/picture/card-font.ts';
import { textWidth } from '../../../src/tuning/picture/text-width.ts';
import { ROOT } from '../../support/program.ts';

const FONT = readFileSync(join(ROOT, 'node_modules/@expo-google-fonts/open-sans/400Regular/OpenSans_400Regular.ttf'));
const SIZE = 20;

type Measured = { getBBox(): { readonly width: number } | undefined; free(): void };

/** undefined: nothing is drawn. */
function drawnWidth(text: string): number | undefined {
  const codes = Array.from(text, (each) => `&#${each.codePointAt(0)};`).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9999 99"><text x="0" y="50" font-size="${SIZE}">${codes}</text></svg>`;
  const options = {
    fitTo: { mode: 'width', value: 9999 },
    font: { fontBuffers: [FONT], defaultFontFamily: CARD_FONT },
  };
  const resvg = new Resvg(svg, options as ConstructorParameters<typeof Resvg>[1]) as unknown as Measured;
  try {
    return resvg.getBBox()?.width;
  } finally {
    resvg.free();
  }
}

const character = (code: number): string => String.fromCodePoint(code);
const ASCII = Array.from({ length: 94 }, (_, index) => character(0x21 + index));

beforeAll(() => initWasm(readFileSync(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm'))));

test('no text is wider than estimated', () => {
  const wider = [...ASCII, '·', '–', '−', '…'].filter((each) => {
    const text = each.repeat(40);
    return (drawnWidth(text) ?? 0) > textWidth(text, SIZE);
  });
  expect(wider).toEqual([]);
});

test('the font has what the picture writes', () => {
  const texts = 'recommended: 256 accuracy, 95 % · – − … > ▁'.split(' ');
  expect(texts.filter((text) => drawnWidth(text) === undefined)).toEqual(['▁']);
});

test('a character that counts as drawable is drawn, and what is not is replaced', () => {
  const codes = Array.from({ length: 0x2213 }, (_, index) => index).filter((code) => code > 0xa0 && code !== 0xad);
  const kept = codes.map(character).filter((each) => drawable(each) === each);
  expect(kept.length).toBeGreaterThan(500);
  expect(kept.filter((each) => drawnWidth(each) === undefined)).toEqual([]);
  expect(drawable('模型/9B 👩‍👩‍👧 é')).toBe('\uFFFD/9B \uFFFD é');
  expect(drawnWidth('\uFFFD')).toBeGreaterThan(0);
});

/** The picture of a tuning as a PNG, for chats that show no SVG. */
import type { TuneResult } from '../values.ts';
import { CARD_FONT } from './card-font.ts';
import { toSvg } from './svg.ts';

/** In pixels: text stays readable where a chat shows the picture at half its size. */
export const PNG_WIDTH = 1280;

export async function toPng(result: TuneResult): Promise<Uint8Array> {
  // it takes megabytes that no other call needs
  const { rasterize } = await import('./rasterize.ts');
  return rasterize(toSvg(result, 'card'), PNG_WIDTH, CARD_FONT);
}

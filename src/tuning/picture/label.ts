/** Labels of the picture: each lies within it, and none over another of its row. */
import { HALO, type Palette } from './look.ts';
import { escaped } from './markup.ts';
import { oneLine } from './words.ts';
import { fitted, textWidth } from './text-width.ts';

export type Label = {
  readonly text: string;
  readonly x: number;
  /** of the base line */
  readonly y: number;
  readonly size: number;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly role: keyof Palette;
  /** it lies over lines */
  readonly isOverLines?: boolean;
};

const SHARE_BEFORE = { start: 0, middle: 0.5, end: 1 } as const;

/** The least distance between two labels of a row. */
const GAP = 4;

function extent({ text, x, size, anchor }: Label): readonly [left: number, right: number] {
  const width = textWidth(text, size);
  const left = x - width * SHARE_BEFORE[anchor];
  return [left, left + width];
}

/** Moved, and shortened if need be, until it lies between the two. */
export function within(label: Label, least: number, most: number): Label {
  const text = fitted(oneLine(label.text), (short) => textWidth(short, label.size) <= most - least);
  const [left, right] = extent({ ...label, text });
  return { ...label, text, x: label.x + Math.max(0, least - left) - Math.max(0, right - most) };
}

/** Those that fit beside the ones before them. The most important label comes first. */
export function withoutOverlaps(labels: readonly Label[]): Label[] {
  const kept: Label[] = [];
  for (const label of labels) {
    const [left, right] = extent(label);
    const isFree = kept.every((other) => {
      const [otherLeft, otherRight] = extent(other);
      return right + GAP <= otherLeft || otherRight + GAP <= left;
    });
    if (isFree) kept.push(label);
  }
  return kept;
}

export function drawn({ text, x, y, size, anchor, role, isOverLines = false }: Label): string {
  const place = `x="${rounded(x)}" y="${rounded(y)}" font-size="${size}" text-anchor="${anchor}"`;
  const look = isOverLines ? `class="${role} ${HALO}" stroke-width="4" paint-order="stroke"` : `class="${role}"`;
  return `<text ${look} ${place}>${escaped(text)}</text>`;
}

export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

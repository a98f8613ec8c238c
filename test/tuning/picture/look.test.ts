import { describe, expect, test } from 'vitest';
import { DARK, LIGHT, styleOf, type Palette } from '../../../src/tuning/picture/look.ts';

/** WCAG 2.2: relative luminance of sRGB. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The tint of the recommended column lies over what is drawn there. */
function tinted(color: string, { recommended }: Palette): string {
  const parts = [1, 3, 5].map((at) => {
    const [under, over] = [color, recommended].map((each) => Number.parseInt(each.slice(at, at + 2), 16));
    return Math.round((under ?? 0) * 0.9 + (over ?? 0) * 0.1)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${parts.join('')}`;
}

const ROLES = ['ink', 'muted', 'accuracy', 'latency', 'recommended'] as const;

describe.each([
  { name: 'light', palette: LIGHT },
  { name: 'dark', palette: DARK },
])('on $name ground', ({ palette }) => {
  test.each(ROLES)('%s has a contrast of at least 4.5', (role) => {
    expect(contrast(palette[role], palette.ground)).toBeGreaterThanOrEqual(4.5);
  });

  test('in the recommended column, text still has 4.5 and what is drawn has 3', () => {
    const ground = tinted(palette.ground, palette);
    const contrasts = ROLES.map((role) => contrast(tinted(palette[role], palette), ground));
    expect(contrast(tinted(palette.ink, palette), ground)).toBeGreaterThanOrEqual(4.5);
    expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(3);
  });
});

test('a page follows light and dark; a card, whose ground is its own, does not', () => {
  expect(styleOf('page')).toContain('@media screen and (prefers-color-scheme: dark)');
  expect(styleOf('card')).not.toContain('@media');
});

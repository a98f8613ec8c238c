/** Colors and fonts of the picture. */
import { CARD_FONT } from './card-font.ts';

/** Text has a contrast of at least 4.5 to the ground, and what is drawn of at least 3 (WCAG 2.2, 1.4.3 and 1.4.11). */
export type Palette = {
  readonly ground: string;
  readonly ink: string;
  readonly muted: string;
  /** lines that only guide the eye */
  readonly grid: string;
  readonly accuracy: string;
  readonly latency: string;
  readonly recommended: string;
};

export const LIGHT: Palette = {
  ground: '#ffffff',
  ink: '#1f2328',
  muted: '#59636e',
  grid: '#d1d9e0',
  accuracy: '#0969da',
  latency: '#9a6700',
  recommended: '#1a7f37',
};

export const DARK: Palette = {
  ground: '#0d1117',
  ink: '#e6edf3',
  muted: '#9198a1',
  grid: '#3d444d',
  accuracy: '#4493f8',
  latency: '#d29922',
  recommended: '#3fb950',
};

/**
 * `page`: no ground of its own; follows the page from light to dark. `card`: on its own light ground, for a PNG, which
 * cannot follow.
 */
export type Look = 'page' | 'card';

/** An SVG in a page shares its styles with it, so that each rule begins with the class of the picture. */
export const PICTURE_CLASS = 'tuning-picture';

/** Of a text that lies over lines: they end before it. */
export const HALO = 'halo';

export function styleOf(look: Look): string {
  const font = look === 'card' ? `'${CARD_FONT}'` : 'system-ui, sans-serif';
  const base = [`.${PICTURE_CLASS} text { font-family: ${font} }`, ...rules(LIGHT)];
  if (look === 'card') return base.join('\n');
  // paper is white
  return [...base, '@media screen and (prefers-color-scheme: dark) {', ...rules(DARK), '}'].join('\n');
}

function rules(palette: Palette): string[] {
  const roles = Object.entries(palette).flatMap(([role, color]) => [
    `.${PICTURE_CLASS} .${role} { fill: ${color} }`,
    `.${PICTURE_CLASS} .${role}-line { fill: none; stroke: ${color} }`,
  ]);
  return [...roles, `.${PICTURE_CLASS} .${HALO} { stroke: ${palette.ground} }`];
}

/** The style of the report, in the colors of the picture. */
import { DARK, LIGHT, type Palette } from './look.ts';

function colors({ ground, ink, muted, grid, recommended }: Palette): string {
  return `--ground: ${ground}; --ink: ${ink}; --muted: ${muted}; --grid: ${grid}; --recommended: ${recommended}`;
}

export const STYLE = `
:root { ${colors(LIGHT)} }
@media screen and (prefers-color-scheme: dark) { :root { ${colors(DARK)} } }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin-top: 2rem }
li, .facts { overflow-wrap: anywhere }
.facts, caption { color: var(--muted) }
.verdict { font-size: 1.15rem; font-weight: 600 }
figure { margin: 1.5rem 0; max-width: 56rem }
svg { display: block; width: 100%; height: auto }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums }
caption { text-align: left; padding-bottom: 0.5rem }
th, td { padding: 0.35rem 0.6rem; text-align: right; border-bottom: 1px solid var(--grid) }
td, tbody th { white-space: nowrap }
thead th { vertical-align: bottom }
.chosen { font-weight: 600; color: var(--recommended) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem }
dt { font-weight: 600 }
dd { margin: 0 }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
@media print {
  @page { size: landscape; margin: 12mm }
  main { max-width: none; padding: 0 }
  figure { max-width: 42rem }
  .scroll { overflow: visible }
  table { font-size: 0.7rem }
  th, td { padding: 0.25rem 0.4rem }
  figure, tr { break-inside: avoid }
  h2 { break-after: avoid }
}`;

/** The places of the picture, in its own units: what lies where, before anything is drawn. */

export const WIDTH = 720;
export const HEIGHT = 420;

/** Labels stay this far from the edges. */
export const MARGIN = 24;

export const PLOTS = { left: 72, right: 696 } as const;
export const ACCURACY = { heading: 95, top: 123, bottom: 254 } as const;
export const LATENCY = { heading: 280, top: 302, bottom: 368 } as const;
/** Base lines of the texts above and below the plots. */
export const LINES = { title: 33, subtitle: 52, verdict: 72, recommended: 95, budgets: 386, axis: 408 } as const;

/** Budgets are drawn at equal distances. */
export type Columns = { readonly spacing: number; x(index: number): number };

export function columnsFor(count: number): Columns {
  const spacing = (PLOTS.right - PLOTS.left) / Math.max(1, count);
  return { spacing, x: (index) => PLOTS.left + (index + 0.5) * spacing };
}

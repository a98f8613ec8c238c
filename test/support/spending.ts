import type { Prices } from '../../src/spending/prices.ts';
import { Spending } from '../../src/spending/spending.ts';

/** In memory, always on the same day. */
export function spendingOf(prices: Prices = {}): Spending {
  return new Spending({ prices, today: () => '2026-11-27' });
}

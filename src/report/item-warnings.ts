/** Warnings of a batch: a warning that several items share is given once, with the numbers of these items. */

/** `control strings in item 3 were broken`: the number is the item's place in the batch, from 0. */
const ITEM = / in item (\d+) /;

/** At most this many items are listed in a warning. */
const MOST_LISTED = 10;

export function mergedWarnings(warnings: readonly string[]): string[] {
  const itemsOf = new Map<string, number[]>();
  for (const warning of warnings) {
    const items = itemsOf.get(warning.replace(ITEM, ' in item N ')) ?? [];
    const item = ITEM.exec(warning)?.[1];
    itemsOf.set(warning.replace(ITEM, ' in item N '), item === undefined ? items : [...items, Number(item)]);
  }
  return [...itemsOf].map(([warning, items]) => warning.replace(' in item N ', () => ` in ${listed(items)} `));
}

function listed(items: readonly number[]): string {
  if (items.length === 1) return `item ${items[0]}`;
  const names = items.slice(0, MOST_LISTED).map(String);
  const rest = items.length - names.length;
  const last = rest > 0 ? `${rest} more` : names.pop();
  return `items ${names.join(', ')} and ${last}`;
}

/** Sorts names by their resemblance to another name. */

/** The most similar first. Counts the pairs of neighbouring characters that two names share (Dice's coefficient). */
export function closest(names: readonly string[], wanted: string): string[] {
  const own = pairs(wanted);
  return names
    .map((name) => ({ name, likeness: likeness(own, pairs(name)) }))
    .toSorted((a, b) => b.likeness - a.likeness)
    .map(({ name }) => name);
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((pair) => b.has(pair)).length;
  return (2 * shared) / Math.max(1, a.size + b.size);
}

function pairs(name: string): ReadonlySet<string> {
  const text = name.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2)));
}

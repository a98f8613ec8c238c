/** Text in SVG and HTML. */
import { oneLine } from './words.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Safe as content and in an attribute in double quotes. Characters that XML forbids are replaced. */
export function escaped(text: string): string {
  return oneLine(text).replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}

/** A reader of SVG and HTML that accepts only what is well-formed: tags in pairs, attributes in quotes, known entities. */

export type Element = { readonly name: string; readonly attributes: Readonly<Record<string, string>>; text: string };

const VOID = new Set(['meta']);
const TOKEN = /<!doctype html>|<(\/?)([a-zA-Z][\w-]*)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>|[^<]+|</g;
/** Entities of XML, which are entities of HTML too. */
const BARE = /&(?!(amp|lt|gt|quot);)/;
// oxlint-disable-next-line no-control-regex -- XML forbids them
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Surrogate}/u;

const DECODED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function decoded(text: string): string {
  if (BARE.test(text)) throw new Error(`an & outside an entity: ${text.slice(0, 80)}`);
  if (FORBIDDEN.test(text)) throw new Error(`a character that XML forbids: ${JSON.stringify(text.slice(0, 80))}`);
  return text.replaceAll(/&(\w+);/g, (_, name: string) => DECODED[name] ?? '');
}

/** Its elements in order, each with the text directly in it. */
export function elementsOf(markup: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  for (const [token, closing, name = '', attributes = '', selfClosing] of markup.matchAll(TOKEN)) {
    if (token === '<') throw new Error('a < outside a tag');
    if (token.startsWith('<!')) continue;
    if (!token.startsWith('<')) {
      const parent = open.at(-1);
      if (parent !== undefined) parent.text += parent.name === 'style' ? token : decoded(token);
      else if (token.trim() !== '') throw new Error(`text outside the root: ${token}`);
      continue;
    }
    if (closing === '/') {
      const opened = open.pop();
      if (opened?.name !== name) throw new Error(`</${name}> closes <${opened?.name}>`);
      continue;
    }
    const pairs = [...attributes.matchAll(/([a-zA-Z:-]+)="([^"]*)"/g)];
    const element = {
      name,
      attributes: Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, decoded(value)])),
      text: '',
    };
    elements.push(element);
    if (selfClosing !== '/' && !VOID.has(name)) open.push(element);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return elements;
}

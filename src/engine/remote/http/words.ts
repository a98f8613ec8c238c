/** The server's own words in the body of an error, whatever shape the body has. */

/** As `error.message` of OpenAI, `message` of SGLang, `detail` of FastAPI, `title` of problem details (RFC 9457). */
type Body = Readonly<Record<string, unknown>>;

/** Longest first: `detail` says more than `title`. */
const FIELDS = ['message', 'detail', 'error', 'errors', 'msg', 'title'];

/** One line, without HTML; undefined if the body contains no words. */
export function wordsOf(body: unknown): string | undefined {
  const found = typeof body === 'string' ? plain(body) : wordsIn(body, 0);
  return found === undefined || found === '' ? undefined : found;
}

/** How deep words may be: `error.detail[0].msg`. */
const DEEPEST = 4;

function wordsIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return plain(value) || undefined;
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return undefined;
  if (Array.isArray(value)) {
    const all = value.flatMap((item) => wordsIn(item, depth + 1) ?? []);
    return all.length === 0 ? undefined : all.join('; ');
  }
  const body = value as Body;
  // the outer message is often a class name or a phrase, and the object in `error` has the words
  const inner = typeof body['error'] === 'object' ? wordsIn(body['error'], depth + 1) : undefined;
  const words = inner ?? FIELDS.map((name) => wordsIn(body[name], depth + 1)).find((found) => found !== undefined);
  return words === undefined ? undefined : `${placeOf(body)}${words}${detailsOf(body)}`;
}

/** FastAPI names the field: `loc` is `["body", "max_tokens"]`. */
function placeOf({ loc }: Body): string {
  return Array.isArray(loc) && loc.length > 0 ? `${loc.join('.')}: ` : '';
}

/** OpenRouter puts its provider's words into `metadata.raw`. */
function detailsOf({ metadata }: Body): string {
  const raw = typeof metadata === 'object' && metadata !== null && 'raw' in metadata ? metadata.raw : undefined;
  return typeof raw === 'string' && raw.trim() !== '' ? ` (${plain(raw)})` : '';
}

/** A web page: of a gateway, a login, or a web site. */
export function isPage(body: unknown): body is string {
  return (
    typeof body === 'string' && /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*<(!doctype html|html|head|body)\b/i.test(body)
  );
}

/** Of a page its title, else its text; whitespace and control characters become single spaces. */
function plain(text: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim();
  const shown = !isPage(text)
    ? text
    : title || text.replaceAll(/<(script|style)\b[^]*?<\/\1>/gi, ' ').replaceAll(/<[^>]*>/g, ' ');
  // oxlint-disable-next-line no-control-regex -- a server's words must not steer a terminal
  return (isPage(text) ? decodeEntities(shown) : shown).replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replaceAll(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name.toLowerCase()] ?? whole);
}

/** Words that say no more than a status or a missing path: `Not Found`, `404 page not found`, `Cannot POST /v1/x`. */
export function saysNothing(words: string | undefined): boolean {
  return (
    words === undefined ||
    /^\W*(\d{3}\W*)?(status code )?((file|path|page|route|resource|url|endpoint)\W+)?(not[ _]?found|unauthorized|forbidden|bad gateway|service unavailable|gateway time-?out|service temporarily unavailable|request entity too large|payload too large|content too large)\W*$/i.test(
      words,
    ) ||
    /^cannot (get|post) \/\S*$|^(invalid url|no route|unknown (path|endpoint|url|request url)|unexpected endpoint)\b/i.test(
      words,
    )
  );
}

/** The headers of requests: thinkmeter's own, the operator's (`THINKMETER_HEADERS`), and those of one run. */
import { ConfigError } from '../../../errors.ts';
import { VERSION } from '../../../version.ts';

/** What identifies the operator. It is sent to the configured address only. */
export type Credentials = {
  readonly apiKey?: string | undefined;
  /** names in lower case */
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

/** The headers of one connection, and those that describe a body: fetch sets them, or thinkmeter does. */
const RESERVED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9110, section 5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** RFC 9110, section 5.5: visible characters of Latin-1, spaces and tabs. */
// oxlint-disable-next-line no-control-regex -- the tab is one of the characters that a value may contain
const VALUE_CHARACTER = /[\t\u0020-\u007e\u0080-\u00ff]/;

/**
 * Lines `Name: value`. A line end may also be written as `\n`, because some clients do not expand it.
 * @returns names in lower case
 * @throws {ConfigError} that names the line and never shows a value
 */
export function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n|\\n/).entries()) {
    if (line.trim() === '') continue;
    const [, written = '', value = ''] = /^([^:]*):(.*)$/s.exec(line) ?? [];
    const name = written.trim().toLowerCase();
    const where = `line ${index + 1} of THINKMETER_HEADERS`;
    if (!TOKEN.test(name)) throw badHeaders(`${where} does not begin with the name of a header and a colon`);
    if (RESERVED.has(name)) throw badHeaders(`${where} sets ${name}, which belongs to the connection or to the body`);
    if (Object.hasOwn(headers, name)) throw badHeaders(`${where} sets ${name} for the second time`);
    if (value.trim() === '') throw badHeaders(`${where} sets ${name} to nothing`);
    checkValue(value.trim(), `the value of ${name} in THINKMETER_HEADERS`);
    headers[name] = value.trim();
  }
  return headers;
}

/** @throws {ConfigError} when this cannot be the name of a header of our own */
export function parseSessionHeader(text: string): string {
  const name = text.toLowerCase();
  if (TOKEN.test(name) && !RESERVED.has(name) && name !== 'authorization') return name;
  throw new ConfigError(`THINKMETER_SESSION_HEADER is ${text}, which is not the name of a header for an id`, {
    hint: "set THINKMETER_SESSION_HEADER to one name, such as X-User-Id: the router's --session-key",
  });
}

/** Fetch would reject the request, with the key in its message. @throws {ConfigError} with the place, never the value */
export function checkValue(value: string, what: string): void {
  const characters = Array.from(value);
  const place = characters.findIndex((character) => !VALUE_CHARACTER.test(character));
  if (place === -1) return;
  const code = characters[place]?.codePointAt(0) ?? 0;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  throw new ConfigError(`${what} has a character at place ${place + 1} (${name}) that a header cannot contain`, {
    hint: 'copy the value again, without line ends and invisible characters',
  });
}

function badHeaders(message: string): ConfigError {
  return new ConfigError(message, {
    hint: 'write one header per line, as in `X-Api-Key: abc`; two lines may be separated by \\n',
  });
}

/** All headers except those of one run. Compression is refused because a compressed stream would be buffered on the way. */
export function headersWith({ apiKey, headers }: Credentials): Record<string, string> {
  return {
    'user-agent': `thinkmeter/${VERSION}`,
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    ...headers,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
  };
}

/** One run, for routers that send requests of the same session to the same replica. */
export class RunHeaders {
  readonly #fixed: Readonly<Record<string, string>>;
  #token: string | undefined;

  /**
   * `X-Session-ID`: vllm-router, llm-d, Ray Serve and most proxies; `X-SMG-Routing-Key`: SGLang's routers. `ownName`: the
   * name that the operator of the router chose.
   */
  constructor(runId: string, ownName: string | undefined) {
    this.#fixed = {
      'x-session-id': runId,
      'x-smg-routing-key': runId,
      ...(ownName === undefined ? {} : { [ownName]: runId }),
    };
  }

  get all(): Readonly<Record<string, string>> {
    return this.#token === undefined ? this.#fixed : { ...this.#fixed, 'x-session-token': this.#token };
  }

  /** llm-d names the replica in a response header, and expects this header in the next request. */
  read(response: { readonly headers: { get(name: string): string | null } }): void {
    this.#token = response.headers.get('x-session-token') ?? this.#token;
  }
}

/** Maps what went wrong with a request to an error that says what happened and how to fix it. Messages contain no secret. */
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { clipped } from '../../../clipped.ts';
import {
  ConfigError,
  EngineHttpError,
  EngineProtocolError,
  EngineUnreachableError,
  EngineUnsupportedError,
} from '../../../errors.ts';
import { canHelpAgain, meaningOf, type Answered } from './answers.ts';
import { causeOf } from './causes.ts';
import type { Proxy } from './proxies.ts';
import type { Retryable } from './retry.ts';
import { hideSecrets } from './secrets.ts';
import { isPage, wordsOf } from './words.ts';

/** Of a server's words in a message, in characters. */
const EXCERPT = 200;

/** The server of a request, for messages. */
export type Server = {
  readonly root: string;
  readonly proxy?: Proxy | undefined;
  readonly inContainer?: boolean | undefined;
  /** no message may contain one of these */
  readonly secrets: readonly string[];
  readonly hasKey: boolean;
  /** THINKMETER_HEADERS contains `Authorization` */
  readonly hasAuthorization: boolean;
};

/** A request that failed. */
export type Sent = {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly body?: object | undefined;
};

/** Carries fetch's own error past the `openai` library, which drops the cause of a time-out. */
export class RequestFailed extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('the request failed');
    this.reason = reason;
  }
}

/** A response with an error status, with its whole body. The library's own error keeps only the field `error`. */
export class ErrorAnswer extends APIError {
  readonly body: unknown;

  constructor(status: number, body: unknown, headers: Headers) {
    super(status, undefined, undefined, headers);
    this.body = body;
  }
}

export type Fault = {
  readonly error: unknown;
  /** present if another attempt can help */
  readonly retry?: Retryable;
};

/** Of an error from before the first token. Abort errors and lost connections are passed on unchanged. */
export function toFault(error: unknown, server: Server, sent: Sent): Fault {
  if (error instanceof APIUserAbortError || (error instanceof Error && error.name === 'AbortError')) return { error };
  if (isConnectionLost(error)) return { error };
  if (error instanceof APIConnectionError) return toUnanswered(error, server);
  if (error instanceof ErrorAnswer) return toAnswered(error, server, sent);
  if (error instanceof APIError) return toEventFault(error, server, sent);
  if (error instanceof SyntaxError) {
    return {
      error: new EngineProtocolError(`the response of ${server.root}${sent.path} is not JSON`, {
        hint: 'check that THINKMETER_BASE_URL is the address of vLLM or another supported server',
        cause: error,
      }),
    };
  }
  return { error };
}

function toUnanswered(error: APIConnectionError, { root, proxy, inContainer = false, secrets }: Server): Fault {
  const original = error.cause instanceof RequestFailed ? error.cause.reason : (error.cause ?? error);
  // a proxy's variable may be wrong, which is known only when the proxy is used
  if (original instanceof ConfigError) return { error: original };
  const chain = errorsIn(original);
  const codes = chain.flatMap((it) => ('code' in it && typeof it.code === 'string' ? [it.code] : []));
  const text = hideSecrets(
    clipped(
      chain
        .map(({ message }) => message)
        .filter(Boolean)
        .join(': '),
      EXCERPT,
    ),
    secrets,
  );
  const failed = { server: new URL(root), root, proxy, inContainer, codes, text, certificateNames: namesIn(chain) };
  const { what, fix, again } = causeOf(failed);
  // the cause of an invalid header contains the header
  const unreachable = new EngineUnreachableError(what(failed), { hint: fix(failed), cause: new Error(text) });
  return { error: unreachable, ...(again === true && { retry: { error: unreachable } }) };
}

/** `fetch` and undici wrap errors; several addresses of a name fail with one error each. */
function errorsIn(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return [error, ...inner.flatMap(errorsIn)];
}

/** `DNS:a.example, DNS:b.example` of a certificate, as names. */
function namesIn(errors: readonly Error[]): string | undefined {
  const certificates = errors.flatMap((it) => ('cert' in it ? [it.cert as { subjectaltname?: string }] : []));
  const names = certificates.find(({ subjectaltname: all }) => all !== undefined)?.subjectaltname;
  return names === undefined ? undefined : clipped(names.replaceAll(/(DNS|IP Address):/g, ''), EXCERPT);
}

function toAnswered(error: ErrorAnswer, server: Server, sent: Sent): Fault {
  const { root, secrets, hasKey, hasAuthorization } = server;
  const { path, method, body } = sent;
  const status = error.status ?? 0;
  const answered: Answered = {
    root,
    path,
    method,
    status,
    header: (name) => error.headers?.get(name) ?? '',
    words: safeWords(error.body, secrets),
    isPage: isPage(error.body),
    sentBytes: body === undefined ? 0 : Buffer.byteLength(JSON.stringify(body)),
    model: body !== undefined && 'model' in body && typeof body.model === 'string' ? body.model : undefined,
    hasKey,
    hasAuthorization,
    location: status < 400 ? locationOf(error, `${root}${path}`) : undefined,
  };
  const { what, fix, kind } = meaningOf(answered);
  if (kind === 'missing') return { error: new EngineUnsupportedError(what(answered), { hint: fix(answered) }) };
  const failed = new EngineHttpError(what(answered), status, { hint: fix(answered) });
  return { error: failed, ...(canHelpAgain(status) && { retry: { error: failed, ...retryAfter(error) } }) };
}

/** vLLM reports an error before the first token in an event of a stream whose header was 200. */
function toEventFault(error: APIError, server: Server, sent: Sent): Fault {
  const { error: body } = error;
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  const headers = error.headers ?? new Headers();
  if (typeof code === 'number' && code >= 400)
    return toAnswered(new ErrorAnswer(code, { error: body }, headers), server, sent);
  const words = safeWords({ error: body }, server.secrets) ?? 'no reason was given';
  return {
    error: new EngineProtocolError(`the server at ${server.root} reported an error before the first token: ${words}`, {
      hint: "check the server's log",
    }),
  };
}

/** A response with status 200 that is not what was requested: a web page, or an error in a body. */
export function toUnexpected(body: unknown, { root, secrets }: Server, path: string): EngineProtocolError {
  const words = safeWords(body, secrets);
  const said = words === undefined ? '' : `: ${words}`;
  // acheong08/ChatGPT#58, adminsyspro/proxcenter-ui#314: a page was reported as broken JSON
  if (isPage(body)) {
    return new EngineProtocolError(`${root} answered with a web page to ${path}${said}`, {
      hint: 'set THINKMETER_BASE_URL to the API of the server, not to its web interface; if the page is a login of a gateway or of the network, sign in, or set THINKMETER_HEADERS',
    });
  }
  return new EngineProtocolError(`the response to ${path} does not have the format that vLLM uses${said}`, {
    hint: 'check that THINKMETER_BASE_URL is the address of vLLM or another supported server',
  });
}

/** Hidden before clipped, so that no part of a secret is left. */
function safeWords(body: unknown, secrets: readonly string[]): string | undefined {
  const words = wordsOf(body);
  return words === undefined ? undefined : clipped(hideSecrets(words, secrets), EXCERPT);
}

function locationOf({ headers }: APIError, from: string): URL | undefined {
  const given = headers?.get('location');
  if (given === null || given === undefined || !URL.canParse(given, from)) return undefined;
  return new URL(given, from);
}

function retryAfter({ headers }: APIError): { readonly retryAfterMs?: number } {
  const seconds = Number(headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {};
}

/** The response had begun, so the server may be processing the request. `fetch` then throws a TypeError with a cause. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

/** Maps HTTP errors to errors that say what happened and how to fix it. Messages never contain the API key. */
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import {
  EngineHttpError,
  EngineProtocolError,
  EngineUnreachableError,
  EngineUnsupportedError,
} from '../../../errors.ts';
import type { Retryable } from './retry.ts';

const EXCERPT = 200;

export type Server = { readonly root: string; readonly apiKey: string | undefined };

/** Maps an error from before the first token. Abort errors and lost connections are returned unchanged. */
export function toEngineError(error: unknown, { root, apiKey }: Server, path: string): unknown {
  if (error instanceof APIUserAbortError || (error instanceof Error && error.name === 'AbortError')) return error;
  if (isConnectionLost(error)) return error;
  if (error instanceof APIConnectionError) {
    return new EngineUnreachableError(`no server answers at ${root}`, {
      hint: 'start vLLM at this address, set THINKMETER_BASE_URL to the address of your server, or set THINKMETER_ENGINE=demo to try the demo model',
      cause: error,
    });
  }
  if (error instanceof SyntaxError) {
    return new EngineProtocolError(`the response of ${root}${path} is not JSON`, {
      hint: 'check that THINKMETER_BASE_URL is the address of vLLM or another supported server',
      cause: error,
    });
  }
  if (!(error instanceof APIError)) return error;
  const said = excerpt(error, apiKey);
  const status = statusOf(error);
  if (status === undefined) {
    return new EngineProtocolError(`the server at ${root} reported an error before the first token: ${said}`, {
      hint: "check the server's log",
      cause: error,
    });
  }
  if (status === 401 || status === 403) {
    return new EngineHttpError(
      `the server at ${root} ${apiKey === undefined ? 'requires a key' : 'refused the key'} (${status})`,
      status,
      {
        hint: 'set THINKMETER_API_KEY to the key that the server was started with',
      },
    );
  }
  // a 404 for a missing path has no error message; a 404 for a missing model has one
  if (status === 404 && !hasMessage(error.error)) {
    return new EngineUnsupportedError(`the server at ${root} has no ${path}`, {
      hint: 'check THINKMETER_BASE_URL, or connect to the server without a proxy that hides this path',
    });
  }
  return new EngineHttpError(`the server at ${root} answered ${status} to ${path}: ${said}`, status, {
    hint: /loading model/i.test(said)
      ? 'the server is still loading its model: try again in a moment'
      : hintFor(status, path),
  });
}

/** If a stream fails before its first token, the header was already 200: vLLM then reports the status in the event. */
function statusOf({ status, error }: APIError): number | undefined {
  if (status !== undefined) return status;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' && code >= 400 ? code : undefined;
}

function hintFor(status: number, path: string): string {
  if (status >= 500 && path === '/v1/models')
    return "check the server's log, or set THINKMETER_MODEL to the name of the served model";
  if (status === 404) return 'check THINKMETER_BASE_URL and THINKMETER_MODEL';
  if (status === 429 || status === 503) return 'the server is busy: try again later';
  return status >= 500 ? "check the server's log" : 'check the request against what this server accepts';
}

function excerpt(error: APIError, apiKey: string | undefined): string {
  const { error: body } = error;
  const words = hasMessage(body) ? String(body.message) : error.message;
  const safe = apiKey === undefined ? words : words.replaceAll(apiKey, '***');
  return safe.length > EXCERPT ? `${safe.slice(0, EXCERPT)}…` : safe;
}

/** The response had begun, so the server may be processing the request. `fetch` then throws a TypeError with a cause. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof TypeError && error.cause !== undefined;
}

function hasMessage(body: unknown): body is { readonly message: unknown } {
  return typeof body === 'object' && body !== null && 'message' in body;
}

/** Codes of a connection that failed, or was reset before the response began. */
const REFUSED = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Refused connections, 429 and 503 are retried. A 504 is not, because the first request may still be running. */
export function toRetryable(error: unknown, original: unknown): Retryable | undefined {
  if (error instanceof EngineUnreachableError) return isRefused(original) ? { error } : undefined;
  if (!(error instanceof EngineHttpError) || (error.status !== 429 && error.status !== 503)) return undefined;
  const seconds =
    original instanceof APIError ? Number(original.headers?.get('retry-after') ?? Number.NaN) : Number.NaN;
  return Number.isFinite(seconds) ? { error, retryAfterMs: seconds * 1000 } : { error };
}

/** Checks the causes too: the `openai` library and `fetch` each wrap the original error. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && REFUSED.has(String(error.code))) return true;
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return causes.some(isRefused);
}

/** Whole answers, and the errors, in the words of the recordings. */
import type { ServerResponse } from 'node:http';

export type ApiError = {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
};

/** Thrown while a request is read; the server answers with it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly answer: ApiError;
  constructor(answer: ApiError) {
    super(answer.message);
    this.answer = answer;
  }
}

/** vLLM puts the culprit into the text too, when it knows one. */
export function badRequest(
  message: string,
  culprit?: { readonly param: string; readonly value: number | string },
): RequestError {
  const tail = culprit === undefined ? '' : ` (parameter=${culprit.param}, value=${culprit.value})`;
  return new RequestError({
    status: 400,
    message: message + tail,
    type: 'BadRequestError',
    param: culprit?.param ?? null,
  });
}

export function unknownModel(asked: string, served: string): RequestError {
  const message = `The model \`${asked}\` does not exist. Valid aliases: ${served}.`;
  return new RequestError({ status: 404, message, type: 'NotFoundError', param: 'model' });
}

/** The framework's own check of a body, before vLLM sees it. */
export function invalidBody(problem: {
  readonly type: string;
  readonly loc: string;
  readonly msg: string;
  readonly rest: string;
}): RequestError {
  const message = `1 validation error:\n  {'type': '${problem.type}', 'loc': '${problem.loc}', 'msg': '${problem.msg}', ${problem.rest}}`;
  return new RequestError({ status: 400, message, type: 'Bad Request', param: problem.loc });
}

export function engineError(message: string): ApiError {
  return { status: 500, message, type: 'InternalServerError', param: null };
}

export function errorBody(error: ApiError): unknown {
  return { error: { message: error.message, type: error.type, param: error.param, code: error.status } };
}

export function sendError(response: ServerResponse, error: ApiError, headers: Record<string, string> = {}): void {
  sendJson(response, error.status, errorBody(error), headers);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

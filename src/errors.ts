/**
 * Every error that thinkmeter throws on purpose. Sorted by who can act:
 * `caller` (change the call), `operator` (change the set-up), `nobody` (a bug).
 * A message says what happened, with the numbers; the hint says what to do.
 */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'CONTEXT_OVERFLOW'
  | 'CONFIG'
  | 'ENGINE_UNREACHABLE'
  | 'ENGINE_TIMEOUT'
  | 'ENGINE_HTTP'
  | 'ENGINE_PROTOCOL'
  | 'ENGINE_UNSUPPORTED'
  | 'NO_ANSWER'
  | 'TOOL_CALL'
  | 'UNHEALTHY'
  | 'TRANSPORT'
  | 'CANCELLED'
  | 'BUG';

export type Audience = 'caller' | 'operator' | 'nobody';

type ErrorDetails = { hint?: string; cause?: unknown };

export abstract class ThinkmeterError extends Error {
  abstract readonly code: ErrorCode;
  abstract readonly audience: Audience;
  readonly hint: string | undefined;
  /** what had been received, and paid for, when it happened; set by the run */
  partial: { readonly runId: string; readonly thinkingTokens: number; readonly reasoning: string } | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = new.target.name;
    this.hint = details.hint;
  }
}

/** Values that a schema cannot judge. */
export class InvalidInputError extends ThinkmeterError {
  readonly code = 'INVALID_INPUT';
  readonly audience = 'caller';
}

/** Prompt, thinking and answer do not fit into the model's window together. */
export class ContextOverflowError extends ThinkmeterError {
  readonly code = 'CONTEXT_OVERFLOW';
  readonly audience = 'caller';
}

/** A setting, an option or a file is wrong; the message names the source. */
export class ConfigError extends ThinkmeterError {
  readonly code = 'CONFIG';
  readonly audience = 'operator';
}

/** Nobody answers at the engine's address. */
export class EngineUnreachableError extends ThinkmeterError {
  readonly code = 'ENGINE_UNREACHABLE';
  readonly audience = 'operator';
}

/** The time ran out before there was anything to answer with. */
export class EngineTimeoutError extends ThinkmeterError {
  readonly code = 'ENGINE_TIMEOUT';
  readonly audience = 'operator';
}

/** The server answered with a status that is an error. */
export class EngineHttpError extends ThinkmeterError {
  readonly code = 'ENGINE_HTTP';
  readonly audience = 'operator';
  readonly status: number;

  constructor(message: string, status: number, details: ErrorDetails = {}) {
    super(message, details);
    this.status = status;
  }
}

/** What came over the wire is not what the protocol says; also a stream that broke off. */
export class EngineProtocolError extends ThinkmeterError {
  readonly code = 'ENGINE_PROTOCOL';
  readonly audience = 'operator';
}

/** The engine cannot do what the plan needs. */
export class EngineUnsupportedError extends ThinkmeterError {
  readonly code = 'ENGINE_UNSUPPORTED';
  readonly audience = 'operator';
}

/** The model ended its turn without a word of an answer. */
export class NoAnswerError extends ThinkmeterError {
  readonly code = 'NO_ANSWER';
  readonly audience = 'caller';
}

/** A call of ours, as a client, came back as an error; the message is the server's own sentence. */
export class ToolCallError extends ThinkmeterError {
  readonly code = 'TOOL_CALL';
  readonly audience = 'operator';
}

/** An examination found what keeps calls from being answered. */
export class UnhealthyError extends ThinkmeterError {
  readonly code = 'UNHEALTHY';
  readonly audience = 'operator';
}

/** The connection to our client is gone, and not because the client left. */
export class TransportError extends ThinkmeterError {
  readonly code = 'TRANSPORT';
  readonly audience = 'operator';
}

/** The caller's signal fired. Never logged as a fault. */
export class CancelledError extends ThinkmeterError {
  readonly code = 'CANCELLED';
  readonly audience = 'caller';
}

/** "Cannot happen." */
export class InvariantError extends ThinkmeterError {
  readonly code = 'BUG';
  readonly audience = 'nobody';
}

/** An error as a person reads it: what happened, what to do, and where that which was paid for is kept. */
export function toSentence(error: ThinkmeterError): string {
  // it has been through here at the other end
  if (error instanceof ToolCallError) return error.message;
  const { message, hint, partial } = error;
  const kept =
    partial === undefined || partial.thinkingTokens === 0
      ? []
      : [
          `the ${partial.thinkingTokens} thinking tokens that were received are kept at thinkmeter://runs/${partial.runId}`,
        ];
  // what is wrong with an argument begins with the name of its field
  const what = error instanceof InvalidInputError ? `${message}.` : asSentence(message);
  return [what, ...[...(hint === undefined ? [] : [hint]), ...kept].map(asSentence)].join(' ');
}

/** Begins with a capital letter, unless it begins with a name: of a field, a variable, a path, this program. */
export function asSentence(text: string): string {
  const isWord = /^[a-z]+(?=[\s,:;']|$)/.test(text) && !text.startsWith('thinkmeter');
  const begun = isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

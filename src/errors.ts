/**
 * Every error that thinkmeter throws on purpose. `audience` names who can act: `caller` (change the call), `operator`
 * (change the set-up), `nobody` (a bug). A message states what happened, with the numbers; the hint states what to do.
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
  /** what to do; whoever passes the error on may add to it */
  hint: string | undefined;
  /** the thinking received, and paid for, before the error; set by the run */
  partial:
    | {
        readonly runId: string;
        readonly thinkingTokens: number;
        readonly reasoning: string;
        /** what a later run can continue; resolves soon, and never rejects */
        readonly thought?: Promise<unknown>;
      }
    | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.name = new.target.name;
    this.hint = details.hint;
  }
}

/** Arguments of a call are invalid. */
export class InvalidInputError extends ThinkmeterError {
  readonly code = 'INVALID_INPUT';
  readonly audience = 'caller';
}

/** A server's own count of a prompt that it refused, in its tokens. */
export type ServerCount = {
  readonly window: number;
  readonly promptTokens: number;
  /** the server stopped counting there: the prompt may be longer */
  readonly isLeast: boolean;
};

/** Prompt, thinking and answer together exceed the model's window. */
export class ContextOverflowError extends ThinkmeterError {
  readonly code = 'CONTEXT_OVERFLOW';
  readonly audience = 'caller';
  /** the server's own numbers, if the server refused the request */
  readonly counted: ServerCount | undefined;

  constructor(message: string, details: ErrorDetails & { readonly counted?: ServerCount | undefined } = {}) {
    super(message, details);
    this.counted = details.counted;
  }
}

/** A setting, an option or a file is wrong; the message names the source. */
export class ConfigError extends ThinkmeterError {
  readonly code = 'CONFIG';
  readonly audience = 'operator';
}

/** Settings or options cannot be used; found before anything was tried. The command line counts it as wrong usage. */
export class WrongSettingsError extends ConfigError {}

/** No server answers at the engine's address. */
export class EngineUnreachableError extends ThinkmeterError {
  readonly code = 'ENGINE_UNREACHABLE';
  readonly audience = 'operator';
}

/** The time limit passed before the first word of an answer. */
export class EngineTimeoutError extends ThinkmeterError {
  readonly code = 'ENGINE_TIMEOUT';
  readonly audience = 'operator';
}

/** The server answered with an error status. */
export class EngineHttpError extends ThinkmeterError {
  readonly code = 'ENGINE_HTTP';
  readonly audience = 'operator';
  readonly status: number;

  constructor(message: string, status: number, details: ErrorDetails = {}) {
    super(message, details);
    this.status = status;
  }
}

/** A response violates the protocol, or a stream broke. */
export class EngineProtocolError extends ThinkmeterError {
  readonly code = 'ENGINE_PROTOCOL';
  readonly audience = 'operator';
}

/** The engine lacks a capability that the call needs. */
export class EngineUnsupportedError extends ThinkmeterError {
  readonly code = 'ENGINE_UNSUPPORTED';
  readonly audience = 'operator';
}

/** The model ended its turn without an answer. */
export class NoAnswerError extends ThinkmeterError {
  readonly code = 'NO_ANSWER';
  readonly audience = 'caller';
}

/** A tool call by thinkmeter's own MCP client failed; the message is the server's complete sentence. */
export class ToolCallError extends ThinkmeterError {
  readonly code = 'TOOL_CALL';
  readonly audience = 'operator';
}

/** `doctor` found a problem that prevents answers. */
export class UnhealthyError extends ThinkmeterError {
  readonly code = 'UNHEALTHY';
  readonly audience = 'operator';
}

/** The connection to the MCP client broke without a disconnect by the client. */
export class TransportError extends ThinkmeterError {
  readonly code = 'TRANSPORT';
  readonly audience = 'operator';
}

/** The caller's signal aborted. Never logged as an error. */
export class CancelledError extends ThinkmeterError {
  readonly code = 'CANCELLED';
  readonly audience = 'caller';
}

/** A state that the code rules out: a bug. */
export class InvariantError extends ThinkmeterError {
  readonly code = 'BUG';
  readonly audience = 'nobody';
}

/** An error as sentences: what happened, what to do, and the address of the reasoning that was paid for. */
export function toSentence(error: ThinkmeterError): string {
  // the server at the other end has already formatted this message
  if (error instanceof ToolCallError) return error.message;
  const { message, hint, partial } = error;
  const tokens = partial?.thinkingTokens ?? 0;
  const received = tokens === 1 ? 'the 1 thinking token received is' : `the ${tokens} thinking tokens received are`;
  const kept = partial === undefined || tokens === 0 ? [] : [`${received} kept at thinkmeter://runs/${partial.runId}`];
  // the message about an argument begins with the name of its field, which keeps its small letter
  const what = error instanceof InvalidInputError ? `${message}.` : asSentence(message);
  return [what, ...[...(hint === undefined ? [] : [hint]), ...kept].map(asSentence)].join(' ');
}

/** Adds a final period, and a capital unless the text begins with an address or a name: of a field, variable or program. */
export function asSentence(text: string): string {
  const isWord = /^[a-z]+(?=[\s,:;']|$)(?!:\/\/)/.test(text) && !text.startsWith('thinkmeter');
  const begun = isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

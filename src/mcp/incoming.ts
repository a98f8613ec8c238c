/**
 * One line of stdin as JSON-RPC messages. The SDK drops what it cannot parse without a reply, and the client waits for
 * ever: here each request that cannot be served gets an error.
 *
 * Clients in typed languages write `null` for what is absent (`"params": null`, chaitin/MonkeyCode#1268). In MCP no
 * member of a request's params means anything by `null`, so such members are left out. The arguments of a tool are
 * not touched: `arguments.ts` reads them.
 */
import { parseJSONRPCMessage, type JSONRPCMessage, type RequestId } from '@modelcontextprotocol/server';

/** https://www.jsonrpc.org/specification#error_object */
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

export type ErrorReply = {
  readonly jsonrpc: '2.0';
  /** null if the id of the request could not be read */
  readonly id: RequestId | null;
  readonly error: { readonly code: number; readonly message: string };
};

export type Incoming =
  | { readonly kind: 'message'; readonly message: JSONRPCMessage }
  /** `reply` is absent if the sender expects none: for notifications and responses */
  | { readonly kind: 'invalid'; readonly why: string; readonly reply?: ErrorReply };

export type IncomingLine = Incoming | { readonly kind: 'batch'; readonly entries: readonly Incoming[] };

/** The key in `_meta` under which arguments that are no object reach the tool, which refuses them in a sentence. */
export const RAW_ARGUMENTS = 'thinkmeter/arguments';

type Members = Readonly<Record<string, unknown>>;

export function readLine(line: string): IncomingLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // PowerShell 5 writes UTF-16 into pipes
    const why = line.includes('\0')
      ? 'the line is UTF-16; send UTF-8'
      : `the line is not JSON, and begins with ${JSON.stringify(line.slice(0, 20))}; send one JSON message per line`;
    return { kind: 'invalid', why, reply: errorReply(null, PARSE_ERROR, why) };
  }
  if (!Array.isArray(value)) return readMessage(value);
  return value.length === 0
    ? invalid(null, 'the batch is empty')
    : { kind: 'batch', entries: value.map((entry) => readMessage(entry)) };
}

function errorReply(id: RequestId | null, code: number, message: string): ErrorReply {
  return { jsonrpc: '2.0', id, error: { code, message } };
}

export function invalid(id: RequestId | null, why: string): Incoming {
  return { kind: 'invalid', why, reply: errorReply(id, INVALID_REQUEST, why) };
}

function readMessage(value: unknown): Incoming {
  if (!isMembers(value)) return invalid(null, 'a message must be a JSON object');
  try {
    return { kind: 'message', message: parseJSONRPCMessage(normalized(value)) };
  } catch {
    const { id } = value;
    const isAnswerable = typeof id === 'string' || typeof id === 'number';
    const why = problemOf(value);
    // a notification has no id; a response has no method
    const isReplied = Object.hasOwn(value, 'method') ? Object.hasOwn(value, 'id') : !isResponse(value);
    return isReplied ? invalid(isAnswerable ? id : null, why) : { kind: 'invalid', why };
  }
}

function isResponse(value: Members): boolean {
  return Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error');
}

function problemOf({ jsonrpc, method, params, id }: Members): string {
  if (jsonrpc !== '2.0') return 'jsonrpc must be "2.0"';
  if (typeof method !== 'string') return 'method must be a text';
  if (params !== undefined && params !== null && !isMembers(params)) return 'params must be an object';
  if (id !== undefined && typeof id !== 'string' && !Number.isInteger(id)) return 'id must be a text or a whole number';
  return 'the message does not match the schema of MCP';
}

function normalized(message: Members): Members {
  if (!Object.hasOwn(message, 'method')) return message;
  const { params, ...rest } = message;
  if (!isMembers(params)) return params === null || params === undefined ? rest : message;
  const { arguments: args, ...others } = params;
  return { ...rest, params: { ...withoutNulls(others), ...asArguments(args, others) } };
}

/** Arguments that are no object would be refused by the SDK with a page of JSON, so they travel in `_meta`. */
function asArguments(args: unknown, { _meta }: Members): Members {
  if (args === undefined || args === null) return {};
  if (isMembers(args)) return { arguments: args };
  return { _meta: { ...(isMembers(_meta) ? withoutNulls(_meta) : {}), [RAW_ARGUMENTS]: args } };
}

function withoutNulls(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, isMembers(value) ? withoutNulls(value) : value]),
  );
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

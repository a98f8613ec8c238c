/**
 * What we send, in the terms of the revision that was negotiated. Structured content, output schemas and resource links
 * came with 2025-06-18 (changelog of that revision): an older client may refuse a result that contains them
 * (kirodotdev/Kiro#7983, cline/cline#5208). Batches were removed by the same revision.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/server';

const STRUCTURED_SINCE = '2025-06-18';

/** Revisions are dates, so their order is that of texts. `undefined`: a connection without `initialize` (2026-07-28). */
export function isBeforeStructured(revision: string | undefined): boolean {
  return revision !== undefined && revision < STRUCTURED_SINCE;
}

type Members = Readonly<Record<string, unknown>>;

/** `method`: of the request that this message responds to */
export function toOutgoing(message: JSONRPCMessage, method: string | undefined, revision: string | undefined): object {
  if ('error' in message) return { ...message, error: { ...message.error, message: oneLine(message.error.message) } };
  if (!('result' in message) || !isBeforeStructured(revision)) return message;
  const result: Members = message.result;
  if (method === 'tools/call') return { ...message, result: asText(result) };
  if (method === 'tools/list') return { ...message, result: withoutOutputSchemas(result) };
  return message;
}

/** The uri of a resource link stands in the last line of the text. */
function asText(result: Members): Members {
  const { content, ...rest } = without(result, 'structuredContent');
  const parts = Array.isArray(content) ? (content as readonly Members[]) : [];
  const texts = parts.flatMap(({ type, text, uri }) => {
    if (type === 'resource_link') return [`full record: ${String(uri)}`];
    return typeof text === 'string' ? [text] : [];
  });
  return { ...rest, content: [{ type: 'text', text: texts.join('\n\n') }] };
}

function withoutOutputSchemas(result: Members): Members {
  const tools = Array.isArray(result['tools']) ? (result['tools'] as readonly Members[]) : [];
  return { ...result, tools: tools.map((tool) => without(tool, 'outputSchema')) };
}

function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([other]) => other !== name));
}

/** The SDK puts a page of JSON about its schemas into a message; the first place and problem are enough to correct it. */
function oneLine(message: string): string {
  const start = message.search(/\[\s*\{/);
  if (start === -1) return message.replaceAll(/\s*\n\s*/g, ' ');
  try {
    const [issue] = JSON.parse(message.slice(start)) as readonly { path?: readonly unknown[]; message?: string }[];
    return `${message.slice(0, start)}${issue?.path?.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
  } catch {
    return message.replaceAll(/\s*\n\s*/g, ' ');
  }
}

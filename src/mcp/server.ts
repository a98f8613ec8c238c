/** The tools and runs as an MCP server for both eras of the protocol. The SDK creates one instance per connection. */
import {
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type CallToolResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { CancelledError, ThinkmeterError, toSentence } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ToolResult } from '../report/tool-result.ts';
import type { Runner } from '../runner.ts';
import { runUri, tuningUri } from '../report/uri.ts';
import type { Runs } from '../runs.ts';
import type { Spending } from '../spending/spending.ts';
import type { Tool, ToolDefaults } from '../tool.ts';
import { VERSION } from '../version.ts';
import type { Profiles } from '../tuning/profiles/profiles.ts';
import { advertised } from './advertised.ts';
import { RAW_ARGUMENTS } from './incoming.ts';
import { ProgressReporter } from './progress.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources, type TuningRecords } from './resources.ts';

export type ServerParts = {
  readonly tools: readonly Tool[];
  readonly runner: Runner;
  readonly runs: Runs;
  readonly spending: Spending;
  readonly profiles: Profiles;
  readonly tunings: TuningRecords;
  readonly defaults: ToolDefaults;
  /** whether a result contains a link to its full record; the list of resources contains the record in any case */
  readonly resourceLinks: boolean;
  /** sentences about settings that have no effect, for errors that they may explain */
  readonly ignored: readonly string[];
  readonly log: Log;
};

const INSTRUCTIONS =
  'Sends problems to a Nemotron reasoning model with a hard thinking budget. reason: one hard problem; answer_fast: a quick answer without thinking; analyze_batch: one instruction over many items; execute_step: one step of a workflow. A higher thinking_budget increases accuracy and takes more time.';

/**
 * Limit on the members and elements of one call's arguments together, against payloads made to exhaust memory
 * (CVE-2026-111768). The limit is far above the 1000 items of a batch, so that a longer list gets our own message.
 */
const MOST_ELEMENTS = 10_000;

export function createMcpServer(parts: ServerParts): McpServer {
  const server = new McpServer(
    { name: 'thinkmeter', title: 'thinkmeter', version: VERSION },
    {
      capabilities: { tools: {}, resources: {}, prompts: {} },
      instructions: INSTRUCTIONS,
      maxToolInputElements: MOST_ELEMENTS,
    },
  );
  for (const tool of parts.tools) registerTool(server, tool, parts);
  registerResources(server, parts);
  registerPrompts(server);
  return server;
}

function registerTool(server: McpServer, tool: Tool, parts: ServerParts): void {
  const { name, title, description } = tool;
  server.registerTool(
    name,
    {
      title,
      description,
      inputSchema: advertised(tool.input),
      outputSchema: advertised(tool.output),
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    },
    (args, context) => call(tool, args, context, parts),
  );
}

async function call(
  tool: Tool,
  args: unknown,
  { mcpReq }: ServerContext,
  { runner, profiles, tunings, defaults, resourceLinks, ignored, log }: ServerParts,
): Promise<CallToolResult> {
  const startedAt = runner.clock.now();
  const token = mcpReq._meta?.progressToken;
  const send = ({ elapsed, message }: { elapsed: number; message: string }): void => {
    if (token === undefined) return;
    // the client may have disconnected, so a failed notification is ignored
    mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken: token, progress: elapsed, message } })
      .catch(() => undefined);
  };
  const reporter = new ProgressReporter(send, runner.clock, startedAt);
  try {
    const result = await tool.call(mcpReq._meta?.[RAW_ARGUMENTS] ?? args, {
      runner,
      profiles,
      tunings,
      defaults,
      signal: mcpReq.signal,
      startedAt,
      progress: (progress) => reporter.report(progress),
    });
    return toCallResult(result, resourceLinks);
  } catch (error) {
    return toErrorResult(error, { tool: tool.name, ignored, log });
  } finally {
    reporter.end();
  }
}

function toCallResult({ text, structured, png, ...record }: ToolResult, linked: boolean): CallToolResult {
  const content: CallToolResult['content'] = [{ type: 'text', text }];
  if (png !== undefined) {
    content.push({ type: 'image', data: Buffer.from(png).toString('base64'), mimeType: 'image/png' });
  }
  const link = linked ? linkTo(record) : undefined;
  if (link !== undefined) content.push({ type: 'resource_link', mimeType: 'application/json', ...link });
  return { content, structuredContent: structured };
}

function linkTo({
  runId,
  tuningId,
}: Pick<ToolResult, 'runId' | 'tuningId'>):
  | { readonly uri: string; readonly name: string; readonly description: string }
  | undefined {
  if (runId !== undefined) {
    return { uri: runUri(runId), name: `run ${runId}`, description: 'the full reasoning and numbers' };
  }
  if (tuningId === undefined) return undefined;
  return { uri: tuningUri(tuningId), name: `tuning ${tuningId}`, description: 'the answers to every case' };
}

/** If caller or operator can act on an error, the caller gets a sentence; for a bug, the id of the log entry. */
function toErrorResult(
  error: unknown,
  { tool, ignored, log }: { tool: string } & Pick<ServerParts, 'ignored' | 'log'>,
): CallToolResult {
  if (error instanceof CancelledError) {
    log.debug({ tool, code: error.code }, 'cancelled');
  } else if (error instanceof ThinkmeterError && error.audience !== 'nobody') {
    const { code, audience, cause } = error;
    const reason = cause instanceof Error ? String(cause) : cause;
    log[audience === 'caller' ? 'debug' : 'error']({ tool, code, cause: reason }, toSentence(error));
  } else {
    const id = crypto.randomUUID();
    log.error({ tool, id, err: error }, 'a bug');
    throw new ProtocolError(ProtocolErrorCode.InternalError, `internal error ${id}; see the server's log for details`);
  }
  const explanations = error.audience === 'operator' ? ignored : [];
  const text = [toSentence(error), ...explanations].join(' ');
  // the code is in `_meta`, because structured content must match the tool's output schema
  return {
    isError: true,
    content: [{ type: 'text', text }],
    _meta: { 'thinkmeter/error_code': error.code },
  };
}

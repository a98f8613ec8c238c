/** A real MCP client that starts a server and talks to it over stdio, for `thinkmeter demo`. */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { CancelledError, ToolCallError } from '../errors.ts';
import type { RunResult } from '../report/result.ts';
import { VERSION } from '../version.ts';

export type ServerCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

export type ToolCaller = {
  /** @throws {ToolCallError} with the server's own sentence if the call fails */
  call(tool: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<RunResult>;
  close(): Promise<void>;
};

/** The SDK's default is 60 s, which is too short for a demo on a slow machine. */
const CALL_TIMEOUT_MS = 600_000;

export async function startServer({ command, args, env }: ServerCommand): Promise<ToolCaller> {
  const client = new Client({ name: 'thinkmeter-demo', version: VERSION });
  await client.connect(new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'inherit' }));
  return {
    async call(tool, input, signal) {
      const options = { timeout: CALL_TIMEOUT_MS, signal };
      const result = await client.callTool({ name: tool, arguments: { ...input } }, options).catch((error: unknown) => {
        if (signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
        throw new ToolCallError('the server ended during a call', { cause: error });
      });
      if (result.isError !== true) return result.structuredContent as RunResult;
      const [first] = result.content;
      throw new ToolCallError(first?.type === 'text' ? first.text : 'the call failed');
    },
    close: () => client.close(),
  };
}

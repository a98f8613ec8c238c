/** The built program as an MCP server, at the other end of every client that people run, over stdio. */
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as TransportV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { FakeVllm } from './fake-vllm/server.ts';
import { ENTRY, ROOT } from './program.ts';

/** v1: what most clients run today; v2: the current line, in each of the protocol's two eras. */
export const CLIENTS = ['v1', 'v2', 'v2 on 2026-07-28'] as const;

export type ClientName = (typeof CLIENTS)[number];

export type ConnectOptions = {
  readonly client?: ClientName;
  /** sets the address; `env` may still say otherwise */
  readonly fake?: Pick<FakeVllm, 'url'>;
  readonly env?: Readonly<Record<string, string>>;
  /** default: the built program, by this Node */
  readonly command?: readonly [string, ...string[]];
};

export type CallOptions = {
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: { readonly progress: number; readonly message?: string | undefined }) => void;
};

export type CallResult = {
  readonly isError: boolean;
  /** of the first part of the content */
  readonly text: string;
  readonly parts: number;
  /** of the first resource link */
  readonly link: string | undefined;
  readonly structured: unknown;
  /** of an error */
  readonly code: string | undefined;
};

export type ListedTool = {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
};

export type Connection = {
  /** of the server's process */
  readonly pid: number;
  listTools(): Promise<readonly ListedTool[]>;
  call(tool: string, args: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<CallResult>;
  read(uri: string): Promise<string>;
  /** addresses of runs, newest first */
  listRuns(): Promise<readonly string[]>;
  listPrompts(): Promise<readonly string[]>;
  /** its messages as text */
  prompt(name: string, args: Readonly<Record<string, string>>): Promise<string>;
  /** what the server wrote there so far */
  stderr(): string;
  close(): Promise<void>;
};

function isRun(uri: string): boolean {
  return uri.startsWith('thinkmeter://runs/');
}

type Content = { readonly type: string; readonly text?: string; readonly uri?: string };
type Resource = { readonly text?: string; readonly blob?: string };

/** Both SDKs check structured content against the output schemas once they have seen the list: so it is asked for first. */
export async function connect({
  client: name = 'v2',
  fake,
  env = {},
  command = [process.execPath, ENTRY],
}: ConnectOptions = {}): Promise<Connection> {
  const [file, ...args] = command;
  const transport = new (name === 'v1' ? TransportV1 : TransportV2)({
    command: file,
    args,
    cwd: ROOT,
    env: { THINKMETER_STATE: ':memory:', ...(fake === undefined ? {} : { THINKMETER_BASE_URL: fake.url }), ...env },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (part: Buffer) => (stderr += part.toString('utf8')));
  const client = name === 'v1' ? await openV1(transport as TransportV1) : await openV2(transport as TransportV2, name);
  await client.listTools();
  return { pid: transport.pid ?? 0, stderr: () => stderr, ...client };
}

type Opened = Omit<Connection, 'pid' | 'stderr'>;

async function openV1(transport: TransportV1): Promise<Opened> {
  const client = new ClientV1({ name: 'test', version: '1' });
  await client.connect(transport);
  return {
    listTools: async () => (await client.listTools()).tools,
    call: async (tool, args, options) =>
      toResult(await client.callTool({ name: tool, arguments: { ...args } }, undefined, options)),
    read: async (uri) => textOf((await client.readResource({ uri })).contents),
    listRuns: async () => (await client.listResources()).resources.map(({ uri }) => uri).filter(isRun),
    listPrompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    prompt: async (prompt, args) => textOfMessages(await client.getPrompt({ name: prompt, arguments: { ...args } })),
    close: () => client.close(),
  };
}

async function openV2(transport: TransportV2, name: ClientName): Promise<Opened> {
  const mode = name === 'v2' ? 'legacy' : { pin: '2026-07-28' };
  const client = new ClientV2({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return {
    listTools: async () => (await client.listTools()).tools,
    call: async (tool, args, options) =>
      toResult(await client.callTool({ name: tool, arguments: { ...args } }, options)),
    read: async (uri) => textOf((await client.readResource({ uri })).contents),
    listRuns: async () => (await client.listResources()).resources.map(({ uri }) => uri).filter(isRun),
    listPrompts: async () => (await client.listPrompts()).prompts.map((prompt) => prompt.name),
    prompt: async (prompt, args) => textOfMessages(await client.getPrompt({ name: prompt, arguments: { ...args } })),
    close: () => client.close(),
  };
}

/** The SDKs type results differently; on the wire they are the same. */
function toResult(answer: object): CallResult {
  const result = answer as {
    isError?: boolean;
    content?: readonly Content[];
    structuredContent?: unknown;
    _meta?: Readonly<Record<string, unknown>>;
  };
  const content = result.content ?? [];
  return {
    isError: result.isError ?? false,
    text: content[0]?.text ?? '',
    parts: content.length,
    link: content.find(({ type }) => type === 'resource_link')?.uri,
    structured: result.structuredContent,
    code: result._meta?.['thinkmeter/error_code'] as string | undefined,
  };
}

function textOfMessages({ messages }: { readonly messages: readonly { readonly content: object }[] }): string {
  return messages.map(({ content }) => (content as Content).text ?? '').join('\n');
}

function textOf(contents: readonly Resource[]): string {
  return contents.map(({ text }) => text ?? '').join('');
}

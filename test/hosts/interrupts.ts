/**
 * A session of a host that continues after an interrupt, as in its terminal after Esc: over the interface that each host
 * has for other programs.
 */
import type { Message, Program } from '../support/program.ts';
import type { HostName } from './installed.ts';

export type Interface = {
  readonly args: readonly string[];
  /** Sends the prompt. Resolves with what interrupts the work on it. */
  readonly prompt: (host: Program, text: string, folder: string) => Promise<() => void>;
};

/** Agent Client Protocol, agentclientprotocol.com. */
const agentClientProtocol: Interface['prompt'] = async (host, text, cwd) => {
  await result(host, 'initialize', { protocolVersion: 1, clientCapabilities: {} });
  const { sessionId } = await result(host, 'session/new', { cwd, mcpServers: [] });
  host.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] });
  return () => host.notify('session/cancel', { sessionId });
};

export const INTERFACES: Readonly<Record<HostName, Interface>> = {
  // the messages of the Agent SDK
  'claude-code': {
    args: [
      '--print',
      '--verbose',
      '--input-format=stream-json',
      '--output-format=stream-json',
      '--allowedTools=mcp__thinkmeter__reason',
    ],
    prompt: (host, text) => {
      const write = (message: unknown): void => void host.child.stdin.write(`${JSON.stringify(message)}\n`);
      write({ type: 'user', message: { role: 'user', content: text } });
      const interrupt = { type: 'control_request', request_id: '1', request: { subtype: 'interrupt' } };
      return Promise.resolve(() => write(interrupt));
    },
  },
  // its own protocol, which `codex app-server generate-ts` prints
  codex: {
    args: ['app-server'],
    prompt: async (host, text, cwd) => {
      await result(host, 'initialize', { clientInfo: { name: 'test', version: '1' }, capabilities: null });
      host.notify('initialized');
      const { thread } = await result(host, 'thread/start', { cwd, approvalPolicy: 'never' });
      const threadId = idOf(thread);
      const { turn } = await result(host, 'turn/start', {
        threadId,
        input: [{ type: 'text', text, text_elements: [] }],
      });
      return () => void host.request('turn/interrupt', { threadId, turnId: idOf(turn) });
    },
  },
  opencode: { args: ['acp'], prompt: agentClientProtocol },
  gemini: { args: ['--acp', '--approval-mode=yolo', '--model=gemini-2.5-flash'], prompt: agentClientProtocol },
};

async function result(
  host: Program,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Promise<NonNullable<Message['result']>> {
  const answer = await host.response(host.request(method, params));
  if (answer.result !== undefined) return answer.result;
  throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
}

function idOf(value: unknown): string {
  return (value as { readonly id: string }).id;
}

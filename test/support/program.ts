/** The built program as a process: what it writes where, and how it ends. JSON-RPC by hand, where the raw lines matter. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** From the root; built before the tests. */
export const ENTRY = 'dist/main.js';

export type ProgramOptions = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** default: the built program, by this Node */
  readonly command?: readonly string[];
  /** default: the root */
  readonly cwd?: string;
  /** written to stdin, which then ends; without it stdin stays open */
  readonly input?: string;
  /** in a process group of its own */
  readonly detached?: boolean;
};

export type End = { readonly code: number | null; readonly signal: string | null };

export type Message = {
  readonly jsonrpc?: string;
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
};

/** A line of stdout, and when it came (`performance.now()`). */
export type Line = { readonly text: string; readonly at: number };

export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** when the process has gone and its streams are read to their ends */
  readonly ended: Promise<End>;
  readonly lines: Line[] = [];
  stdout = '';
  stderr = '';
  #rest = '';
  #lastId = 0;

  constructor({
    args = [],
    env = {},
    command = [process.execPath, ENTRY],
    cwd = ROOT,
    input,
    detached = false,
  }: ProgramOptions) {
    const [file = '', ...before] = command;
    this.child = spawn(file, [...before, ...args], {
      cwd,
      env: { ...getDefaultEnvironment(), THINKMETER_STATE: ':memory:', ...env },
      detached,
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // it may have ended before it read all of it
    this.child.stdin.on('error', () => undefined);
    if (input !== undefined) this.child.stdin.end(input);
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  #hear(text: string): void {
    this.stdout += text;
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    this.lines.push(...parts.map((line) => ({ text: line, at: performance.now() })));
  }

  /** The JSON-RPC messages so far. Throws at a line that is none. */
  messages(): readonly (Message & { readonly at: number })[] {
    return this.lines.map(({ text, at }) => ({ ...(JSON.parse(text) as Message), at }));
  }

  notify(method: string, params: Readonly<Record<string, unknown>> = {}): void {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`);
  }

  /** Sends a request; its id. */
  request(method: string, params: Readonly<Record<string, unknown>> = {}): number {
    this.#lastId += 1;
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: this.#lastId, method, params })}\n`);
    return this.#lastId;
  }

  /** The response to a request, whenever it comes. */
  async response(id: number): Promise<Message & { readonly at: number }> {
    for (;;) {
      const found = this.messages().find((message) => message.id === id && message.method === undefined);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`the program ended (${this.child.exitCode}): ${this.stderr}`);
      // oxlint-disable-next-line no-await-in-loop -- lines come one after the other
      await sleep(5);
    }
  }

  /** The handshake of the 2025 era. */
  async initialize(protocolVersion = '2025-11-25'): Promise<void> {
    const client = {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'by-hand', version: '1' },
    };
    await this.response(this.request('initialize', client));
    this.notify('notifications/initialized');
  }

  /** As a client that is gone: it neither writes nor reads. */
  disconnect(): void {
    this.child.stdout.destroy();
    this.child.stdin.end();
  }

  /** Whatever it is doing. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** Runs the program to its end. */
export async function runProgram(
  options: ProgramOptions,
): Promise<End & { readonly stdout: string; readonly stderr: string }> {
  const program = new Program({ input: '', ...options });
  const end = await program.ended;
  return { ...end, stdout: program.stdout, stderr: program.stderr };
}

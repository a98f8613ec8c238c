/** The program as a process: what `mcp.json` starts, what goes to which stream, and how it ends. */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { VERSION } from '../src/version.ts';
import { tools } from '../tools/index.ts';
import { Program, ROOT, runProgram } from './support/program.ts';

const clientConfig = z.strictObject({
  mcpServers: z.strictObject({ thinkmeter: z.strictObject({ command: z.string(), args: z.array(z.string()) }) }),
});

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(`${ROOT}/${file}`, 'utf8'));
}

/** Starts the command of `mcp.json`, word for word, from the root. */
async function startAsWritten(env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const { command, args } = clientConfig.parse(readJson('mcp.json')).mcpServers.thinkmeter;
  const program = new Program({ command: [command, ...args], env });
  onTestFinished(() => program.kill());
  await program.initialize();
  return program;
}

test('the command in mcp.json starts the server, which needs no model to list its tools', async () => {
  const program = await startAsWritten();
  const { result } = await program.response(program.request('tools/list'));
  expect(result?.['tools']).toHaveLength(tools.length);
  expect(program.stderr).toBe('');
});

test('stdout holds nothing but JSON-RPC, however much is logged and whatever the model’s library prints', async () => {
  const program = await startAsWritten({ THINKMETER_ENGINE: 'demo', THINKMETER_LOG_LEVEL: 'debug' });
  const args = { question: '2^10 + 3^5 - 4^3 = ?', thinking_budget: 16 };
  const call = program.request('tools/call', { name: 'reason', arguments: args, _meta: { progressToken: 1 } });
  expect((await program.response(call)).result).toMatchObject({ structuredContent: { model: 'thinkmeter-demo' } });
  await program.response(program.request('tools/call', { name: 'reason', arguments: {} }));
  program.child.stdin.end();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.messages().filter(({ jsonrpc }) => jsonrpc !== '2.0')).toEqual([]);
  expect(program.stdout.endsWith('\n')).toBe(true);
  expect(program.stderr).toContain('thinkmeter serves on stdio');
});

test('a line on stdin that is no JSON-RPC does not end the server', async () => {
  const program = await startAsWritten();
  program.child.stdin.write('hello\n{"jsonrpc":"2.0"}\n[]\n');
  const { result } = await program.response(program.request('tools/list'));
  expect(result?.['tools']).toHaveLength(tools.length);
  expect(program.messages().filter(({ jsonrpc }) => jsonrpc !== '2.0')).toEqual([]);
});

test('a message beyond what the transport takes ends the server with 1 and a sentence', async () => {
  const program = await startAsWritten();
  program.request('tools/call', { name: 'reason', arguments: { question: 'x'.repeat(11 * 1024 * 1024) } });
  expect(await program.ended).toEqual({ code: 1, signal: null });
});

test('runs of the demo model do not keep the process alive when their client goes', async () => {
  const program = await startAsWritten({ THINKMETER_ENGINE: 'demo' });
  const args = { question: '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 = ?' };
  // the model answers one after the other: with the first answer the second run has begun, however fast the machine is
  const calls = Array.from({ length: 50 }, () => program.request('tools/call', { name: 'reason', arguments: args }));
  await program.response(calls[0] ?? 0);
  program.disconnect();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  const answered = program.messages().filter(({ id }) => calls.includes(Number(id)));
  expect(answered.length).toBeLessThan(calls.length);
});

test('the version is that of package.json, on the command line and over MCP', async () => {
  expect(readJson('package.json')).toMatchObject({ version: VERSION });
  const { code, stdout, stderr } = await runProgram({ args: ['--version'] });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  const program = await startAsWritten();
  expect(program.messages()[0]?.result).toMatchObject({ serverInfo: { name: 'thinkmeter', version: VERSION } });
});

const usage = [
  { name: 'an unknown option', args: ['--nope'], says: /unknown option '--nope'/ },
  { name: 'a word that is no command', args: ['nope'], says: /thinkmeter --help/ },
  { name: 'an option without its value', args: ['--engine'], says: /--engine <name>/ },
  { name: 'two questions', args: ['ask', 'a', 'b'], says: /too many arguments/i },
  { name: 'a budget that is no number', args: ['ask', 'x', '--budget', 'many'], says: /thinking_budget .*"many"/ },
  {
    name: 'a question like an option',
    args: ['ask', '-x^2'],
    says: /after it: thinkmeter ask --engine demo -- "-x = \?"/,
  },
  { name: 'a misspelt option', args: ['ask', 'x', '--budgett', '5'], says: /unknown option '--budgett'/ },
  { name: 'an empty stdin', args: ['ask'], says: /question is missing or blank/ },
  { name: 'a blank question', args: ['ask', ' '], says: /question is missing or blank/ },
];

test.each(usage)('$name ends with 2, in words on stderr', async ({ args, says }) => {
  const { code, stdout, stderr } = await runProgram({ args });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain('\n    at ');
});

test('a word that is no command is named', async () => {
  expect((await runProgram({ args: ['aks', 'x'] })).stderr).toMatch(/aks/);
});

test('no server at the address ends with 1, in one line on stderr', async () => {
  const env = { THINKMETER_BASE_URL: 'http://127.0.0.1:1' };
  const { code, stdout, stderr } = await runProgram({ args: ['ask', 'x'], env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^thinkmeter: No server answers [^\n]+\n$/);
});

const helps = [
  { args: ['--help'], says: /Usage: thinkmeter/ },
  { args: ['-h'], says: /Exit codes/ },
  { args: ['ask', '--help'], says: /--budget <tokens>/ },
  { args: ['demo', '--help'], says: /Usage: thinkmeter demo/ },
];

test.each(helps)('$args prints the help on stdout and ends with 0', async ({ args, says }) => {
  const { code, stdout, stderr } = await runProgram({ args });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(says);
});

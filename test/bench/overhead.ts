/**
 * Added time per call, beside the same generation without thinkmeter, in turns:
 *
 *   npm run bench:overhead [-- --runs 400] [--state FILE]
 *
 * All go to the same fake vLLM in a process of its own. Direct: one streamed `/v1/completions` by `fetch`, read to its end.
 * Passed on: the same request by an MCP server that does nothing else. thinkmeter: `reason`, which renders the prompt as
 * well. Both servers are called by a real MCP client over stdio.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { figures, HEADINGS, machine, median } from './figures.ts';
import { startServer } from './server-process.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '400' }, state: { type: 'string', default: ':memory:' } },
});
const QUESTION = '2^10 + 3^5 - 4^3 = ?';
const BUDGET = 64;
const ANSWER_TOKENS = 64;

const fake = await startServer('test/support/fake-vllm/main.ts', [
  '--script=thinks',
  '--thinking=1024+243=1267.\n',
  '--answer=The answer is 1203.',
]);

async function post(path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${fake.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.statusText}`);
  return response;
}

const messages = [
  { role: 'system', content: 'You are a careful reasoner. /think' },
  { role: 'user', content: QUESTION },
];
const rendered = await post('/tokenize', { messages, add_generation_prompt: true });
const { tokens: prompt } = (await rendered.json()) as { tokens: number[] };
const generation = {
  model: 'thinkmeter-demo',
  prompt,
  max_tokens: BUDGET + ANSWER_TOKENS + 4,
  stream: true,
  return_token_ids: true,
  skip_special_tokens: false,
  stream_options: { include_usage: true },
  temperature: 0,
};

const SMALLEST = `
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
const server = new McpServer({ name: 'smallest', version: '0' });
server.registerTool('reason', {}, async () => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: process.env.BODY };
  const response = await fetch(process.env.ROOT + '/v1/completions', init);
  if (!response.ok) throw new Error(response.statusText);
  const text = await response.text();
  return { content: [{ type: 'text', text }] };
});
await server.connect(new StdioServerTransport());
`;

async function connect(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Client> {
  const client = new Client({ name: 'bench', version: '0' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [...args], env: { ...env } }));
  return client;
}

const smallest = await connect(['--input-type=module', '-e', SMALLEST], {
  ROOT: fake.url,
  BODY: JSON.stringify(generation),
});
const thinkmeter = await connect(['dist/main.js'], {
  THINKMETER_STATE: values.state,
  THINKMETER_BASE_URL: fake.url,
  THINKMETER_LOG_LEVEL: 'silent',
});

async function timed(generate: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await generate();
  return performance.now() - startedAt;
}

const direct = async (): Promise<string> => (await post('/v1/completions', generation)).text();

async function called(client: Client, args?: object): Promise<void> {
  const result = await client.callTool({ name: 'reason', ...(args && { arguments: { ...args } }) });
  if (result.isError === true) throw new Error(JSON.stringify(result.content));
}

const reason = { question: QUESTION, thinking_budget: BUDGET, answer_tokens: ANSWER_TOKENS };

const WARM_UP = 50;
const [asked, passed, served]: [number[], number[], number[]] = [[], [], []];
for (let run = 0; run < WARM_UP + Number(values.runs); run++) {
  // oxlint-disable no-await-in-loop -- in turns, so that all meet the same machine
  const times = [
    await timed(direct),
    await timed(() => called(smallest)),
    await timed(() => called(thinkmeter, reason)),
  ] as const;
  // oxlint-enable no-await-in-loop
  if (run < WARM_UP) continue;
  asked.push(times[0]);
  passed.push(times[1]);
  served.push(times[2]);
}
const addedTo = (base: readonly number[], all: readonly number[]): number[] =>
  all.map((ms, run) => ms - (base[run] ?? 0));
const rows = [
  figures('direct', asked),
  figures('passed on by the smallest MCP server', passed),
  figures('through thinkmeter', served),
  figures('added by the smallest MCP server, pair by pair', addedTo(asked, passed)),
  figures('added by thinkmeter, pair by pair', addedTo(asked, served)),
];
const ratio = (median(addedTo(asked, served)) / median(addedTo(asked, passed))).toFixed(2);
process.stdout.write(
  `${machine()}\n\n${toTable(HEADINGS, rows)}\n\nadded by thinkmeter, divided by added by the smallest MCP server: ${ratio}\n`,
);
await Promise.all([smallest.close(), thinkmeter.close()]);
await fake.stop();

/**
 * Added time per call, beside the same generation asked for directly, in turns:
 *
 *   npm run bench:overhead [-- --runs 400] [--state FILE]
 *
 * Both go to the same fake vLLM in a process of its own. Direct: one streamed `/v1/completions` by `fetch`, read to its
 * end. thinkmeter: `reason` through a real MCP client over stdio, which renders the prompt as well.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { figures, HEADINGS, median } from './figures.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '400' }, state: { type: 'string', default: ':memory:' } },
});
const QUESTION = '2^10 + 3^5 - 4^3 = ?';
const BUDGET = 64;
const ANSWER_TOKENS = 64;

const fake = spawn(
  process.execPath,
  [
    '--import',
    'tsx',
    'test/support/fake-vllm/main.ts',
    '--script',
    'thinks',
    '--thinking',
    '1024+243=1267.\n',
    '--answer',
    'The answer is 1203.',
  ],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const { value: root } = (await createInterface({ input: fake.stdout })[Symbol.asyncIterator]().next()) as {
  value: string;
};

const client = new Client({ name: 'bench', version: '0' });
await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: ['dist/main.js'],
    env: { THINKMETER_STATE: values.state, THINKMETER_BASE_URL: root, THINKMETER_LOG_LEVEL: 'silent' },
  }),
);

async function throughServer(): Promise<number> {
  const startedAt = performance.now();
  const result = await client.callTool({
    name: 'reason',
    arguments: { question: QUESTION, thinking_budget: BUDGET, answer_tokens: ANSWER_TOKENS },
  });
  if (result.isError === true) throw new Error(JSON.stringify(result.content));
  return performance.now() - startedAt;
}

const post = (path: string, body: object): Promise<Response> =>
  fetch(`${root}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const messages = [
  { role: 'system', content: 'You are a careful reasoner. /think' },
  { role: 'user', content: QUESTION },
];
const rendered = await post('/tokenize', { messages, add_generation_prompt: true });
const { tokens: prompt } = (await rendered.json()) as { tokens: number[] };

async function direct(): Promise<number> {
  const startedAt = performance.now();
  const body = {
    model: 'thinkmeter-demo',
    prompt,
    max_tokens: BUDGET + ANSWER_TOKENS + 4,
    stream: true,
    return_token_ids: true,
    skip_special_tokens: false,
    stream_options: { include_usage: true },
    temperature: 0,
  };
  await (await post('/v1/completions', body)).text();
  return performance.now() - startedAt;
}

const WARM_UP = 50;
const [served, asked]: [number[], number[]] = [[], []];
for (let run = 0; run < WARM_UP + Number(values.runs); run++) {
  // oxlint-disable no-await-in-loop -- in turns, so that both meet the same machine
  const times = [await direct(), await throughServer()] as const;
  // oxlint-enable no-await-in-loop
  if (run < WARM_UP) continue;
  asked.push(times[0]);
  served.push(times[1]);
}
const added = served.map((ms, run) => ms - (asked[run] ?? 0));
const rows = [
  figures('direct request', asked),
  figures('through thinkmeter', served),
  figures('added, pair by pair', added),
];
process.stdout.write(`${toTable(HEADINGS, rows)}\n\n`);
process.stdout.write(`added per call, at the median: ${median(added).toFixed(2)} ms\n`);
await client.close();
fake.kill();

/**
 * A batch on servers that compute 1, 4 and 16 items at a time, without a limit of time, and with a third of it:
 *
 *   npm run bench:batch [-- --items 200]
 *
 * The server is the fake vLLM in a process of its own; it reports no slots, so thinkmeter learns them. Ideal: the items
 * one after another on each slot, without any time between them.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import type { BatchResult } from '../../src/report/batch.ts';

const { values } = parseArgs({ options: { items: { type: 'string', default: '200' } } });
const ITEMS = Array.from({ length: Number(values.items) }, (_, index) => `item ${index};`);
const [THINKING, ANSWER, MS_PER_TOKEN] = [64, 'It is so.', 10];

type Row = { readonly server: string; readonly limit: string; readonly cells: readonly string[] };

async function onServer(slots: number, use: (url: string) => Promise<void>): Promise<void> {
  const options = [
    '--script=endless',
    `--answer=${ANSWER}`,
    `--ms-per-token=${MS_PER_TOKEN}`,
    `--misbehave=${JSON.stringify({ slots })}`,
  ];
  const fake = spawn(process.execPath, ['--import', 'tsx', 'test/support/fake-vllm/main.ts', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { value } = (await createInterface({ input: fake.stdout })[Symbol.asyncIterator]().next()) as {
      value: string;
    };
    await use(value);
  } finally {
    fake.kill();
  }
}

/** A new process for each batch: nothing is known of the server. */
async function batch(url: string, maxSeconds: number | undefined): Promise<BatchResult> {
  const client = new Client({ name: 'bench', version: '0' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ['dist/main.js'],
      env: {
        THINKMETER_STATE: ':memory:',
        THINKMETER_BASE_URL: url,
        THINKMETER_LOG_LEVEL: 'silent',
        THINKMETER_MAX_SECONDS: '0',
      },
    }),
  );
  try {
    const args = {
      instruction: 'Is it so?',
      items: ITEMS,
      thinking_budget: THINKING,
      answer_tokens: 32,
      ...(maxSeconds !== undefined && { max_seconds: maxSeconds }),
    };
    const result = await client.callTool({ name: 'analyze_batch', arguments: args }, { timeout: 3_600_000 });
    if (result.isError === true) throw new Error(JSON.stringify(result.content));
    return result.structuredContent as BatchResult;
  } finally {
    await client.close();
  }
}

function toRow(server: string, limitMs: number, { results, remaining, totals }: BatchResult, idealMs: number): Row {
  const answered = results.length - totals.failed;
  const ideal =
    limitMs === Infinity ? ITEMS.length : Math.min(ITEMS.length, Math.floor((ITEMS.length * limitMs) / idealMs));
  const time = (totals.total_ms / 1000).toFixed(1);
  const share = limitMs === Infinity ? idealMs / totals.total_ms : totals.total_ms / limitMs;
  return {
    server,
    limit: limitMs === Infinity ? 'none' : `${(limitMs / 1000).toFixed(1)} s`,
    cells: [
      `${answered} (${ideal})`,
      String(totals.failed),
      String(remaining.length),
      String(Math.round(totals.thinking_tokens / Math.max(1, answered))),
      `${time} s`,
      `${(100 * share).toFixed(0)} %`,
    ],
  };
}

const rows: Row[] = [];
for (const slots of [1, 4, 16]) {
  // oxlint-disable no-await-in-loop -- one server at a time
  await onServer(slots, async (url) => {
    // an item's own time, with its two requests: the thinking that is kept, and the answer
    const warm = await batch(url, undefined);
    const itemMs = (MS_PER_TOKEN * (warm.totals.thinking_tokens + warm.totals.answer_tokens)) / ITEMS.length;
    const idealMs = (itemMs * ITEMS.length) / Math.min(slots, 16);
    const server = slots === 1 ? '1 slot' : `${slots} slots`;
    rows.push(toRow(server, Infinity, warm, idealMs));
    const third = idealMs / 3;
    rows.push(toRow(server, third, await batch(url, third / 1000), idealMs));
  });
  // oxlint-enable no-await-in-loop
}
const headings = [
  'server',
  'limit',
  'answered (ideal)',
  'failed',
  'remaining',
  'thinking per item',
  'time',
  'of ideal, or of the limit',
];
process.stdout.write(
  `${toTable(
    headings,
    rows.map(({ server, limit, cells }) => [server, limit, ...cells]),
  )}\n`,
);

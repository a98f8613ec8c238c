/**
 * Calls with a time limit on a server under other load:
 *
 *   npm run bench:deadline [-- --calls 200 --known 32]
 *
 * The server is the fake vLLM in a process of its own, with 4 slots that it does not report. Its speed alternates between
 * 200 and 20 tokens/s every second (`--slow-ms-per-token 5`: it stays at 200), and a first token takes up to
 * `--first-token-ms`, by chance. The model thinks without an end, so time or the budget ends every thought. Each row is a
 * new process, which knows nothing of the server, or (`--known`) what an earlier process has left in the state file after
 * so many calls. Calls are made in rounds of as many at once. "Possible" is the share that such a server can answer at all,
 * without thinking and without a moment lost.
 *
 *   npm run bench:deadline -- --base-url http://localhost:8000 --load 4 --calls 20
 *
 * The same on a running server, beside other load: as many generations at all times, of up to 500 tokens each.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import type { RunResult } from '../../src/report/result.ts';
import { randomFrom } from '../support/random.ts';
import { demoTokens } from '../support/tokens.ts';
import { problems, type Problem } from './problems.ts';
import { startServer } from './server-process.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200' },
    'first-token-ms': { type: 'string', default: '3000' },
    'slow-ms-per-token': { type: 'string', default: '50' },
    seconds: { type: 'string', default: '2,5,10' },
    parallel: { type: 'string', default: '1,4,16' },
    'base-url': { type: 'string' },
    load: { type: 'string', default: '0' },
    known: { type: 'string', default: '0' },
  },
});
const CALLS = Number(values.calls);
const FIRST_TOKEN_MS = Number(values['first-token-ms']);
const SLOTS = 4;
/** of the server's two speeds, which take turns */
const MS_PER_TOKEN = { fast: 5, slow: Number(values['slow-ms-per-token']) };
const ANSWER = 'The answer is 42, because six times seven is 42.';

type Call = { readonly ms: number; readonly result: RunResult | undefined; readonly error: string };

async function onServer<T>(use: (url: string) => Promise<T>): Promise<T> {
  const url = values['base-url'];
  if (url === undefined) return onFake(use);
  const ended = new AbortController();
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  const body = { model: data[0]?.id, prompt: 'One, two, three,', max_tokens: 500, temperature: 1, ignore_eos: true };
  const generate = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const request = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
      // oxlint-disable-next-line no-await-in-loop -- each is one generation at a time
      await fetch(`${url}/v1/completions`, { ...request, signal: ended.signal }).then((answer) => answer.text());
    }
  };
  const load = Array.from({ length: Number(values.load) }, () => generate().catch(() => undefined));
  try {
    return await use(url);
  } finally {
    ended.abort();
    await Promise.all(load);
  }
}

async function onFake<T>(use: (url: string) => Promise<T>): Promise<T> {
  const load = {
    slots: SLOTS,
    firstTokenMs: [0, FIRST_TOKEN_MS],
    slow: { msPerToken: MS_PER_TOKEN.slow, everyMs: 1000 },
  };
  const options = [
    '--script=endless',
    `--answer=${ANSWER}`,
    `--ms-per-token=${MS_PER_TOKEN.fast}`,
    `--misbehave=${JSON.stringify(load)}`,
  ];
  const fake = await startServer('test/support/fake-vllm/main.ts', options);
  try {
    return await use(fake.url);
  } finally {
    await fake.stop();
  }
}

type Row = { readonly url: string; readonly parallel: number; readonly seconds: number; readonly state: string };

async function calls({ url, parallel, seconds, state }: Row, count: number): Promise<Call[]> {
  const client = new Client({ name: 'bench', version: '0' });
  const env = { THINKMETER_STATE: state, THINKMETER_BASE_URL: url, THINKMETER_LOG_LEVEL: 'silent' };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: ['dist/main.js'], env }));
  const questions = problems(count + parallel, 1).values();
  const call = async (): Promise<Call> => {
    const { question } = questions.next().value as Problem;
    const args = { question, thinking_budget: 900, answer_tokens: 64, max_seconds: seconds };
    const at = performance.now();
    const answer = await client.callTool({ name: 'reason', arguments: args });
    const ms = performance.now() - at;
    return answer.isError === true
      ? { ms, result: undefined, error: JSON.stringify(answer.content) }
      : { ms, result: answer.structuredContent as RunResult, error: '' };
  };
  const done: Call[] = [];
  try {
    while (done.length < count) {
      // oxlint-disable-next-line no-await-in-loop -- the next round begins when all calls of this one have ended
      done.push(...(await Promise.all(Array.from({ length: parallel }, call))));
    }
    return done;
  } finally {
    await client.close();
  }
}

/** In a new process, after the calls of an earlier one. */
async function measured(given: Omit<Row, 'state'>): Promise<Call[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-deadline-'));
  const known = Number(values.known);
  const row = { ...given, state: known > 0 ? join(folder, 'state.db') : ':memory:' };
  try {
    if (known > 0) await calls(row, known);
    return await calls(row, CALLS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls that are on the fake's slots without a pause, and need nothing there but their first token and their answer. */
function possible(parallel: number, seconds: number): string {
  if (values['base-url'] !== undefined) return '-';
  const random = randomFrom(1);
  // in half of the time, the server makes most of the tokens
  const answerMs =
    (2 * demoTokens('thinkmeter-demo').encode(ANSWER).length) / (1 / MS_PER_TOKEN.fast + 1 / MS_PER_TOKEN.slow);
  const rounds = 2000;
  let inTime = 0;
  for (let round = 0; round < rounds; round++) {
    const free = Array.from({ length: SLOTS }, () => 0);
    for (let call = 0; call < parallel; call++) {
      const [next = 0] = free.toSorted((a, b) => a - b);
      const firstTokenAt = next + random() * FIRST_TOKEN_MS;
      if (firstTokenAt <= seconds * 1000) inTime += 1;
      // a call that is late is given up, and one that has begun to answer ends with what it has
      free[free.indexOf(next)] = Math.min(firstTokenAt + answerMs, seconds * 1000);
    }
  }
  return share(inTime, rounds * parallel);
}

const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / Math.max(1, list.length);

function toRow(parallel: number, seconds: number, all: readonly Call[]): string[] {
  const results = all.flatMap(({ ms, result }) => (result === undefined ? [] : [{ ...result, ms }]));
  // a client counts from its own clock
  const inTime = results.filter(({ ms }) => ms <= seconds * 1000 + 100);
  const whole = inTime.filter(({ answer_ended_by: by }) => by === 'stop');
  const byTime = results.filter(({ thinking }) => thinking.ended_by === 'deadline');
  const wasted = results.map(
    ({ usage, thinking, answer_tokens: answer }) =>
      usage.received_tokens - thinking.tokens - thinking.overhead_tokens - answer,
  );
  return [
    String(parallel),
    `${seconds} s`,
    share(inTime.length, all.length),
    possible(parallel, seconds),
    share(whole.length, all.length),
    String(Math.round(mean(results.map(({ thinking }) => thinking.tokens)))),
    share(results.filter(({ thinking }) => thinking.ended_by === 'off').length, results.length),
    share(mean(byTime.map(({ ms }) => ms)), seconds * 1000),
    share(byTime.filter(({ ms }) => ms >= 0.8 * seconds * 1000).length, byTime.length),
    mean(wasted).toFixed(1),
  ];
}

/** The sentence without what differs from call to call. */
function kindOf(error: string): string {
  return error.replaceAll(/[0-9a-f-]{36}/g, '…').replaceAll(/\d[\d.]*/g, 'N');
}

const rows: string[][] = [];
for (const parallel of values.parallel.split(',').map(Number)) {
  for (const seconds of values.seconds.split(',').map(Number)) {
    // oxlint-disable-next-line no-await-in-loop -- one server at a time
    const all = await onServer((url) => measured({ url, parallel, seconds }));
    rows.push(toRow(parallel, seconds, all));
    const errors = all.flatMap(({ error }) => (error === '' ? [] : [kindOf(error)]));
    for (const error of new Set(errors)) {
      process.stderr.write(`${errors.filter((one) => one === error).length} × ${error}\n`);
    }
  }
}
const headings = [
  'at once',
  'limit',
  'answered in time',
  'possible',
  'whole answers',
  'thinking tokens',
  'thinking switched off',
  'of the time, if time decided',
  'of these with 80 % or more',
  'tokens dropped',
];
process.stdout.write(`${toTable(headings, rows)}\n`);

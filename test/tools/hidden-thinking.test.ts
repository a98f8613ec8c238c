/** By messages, of a model that nobody knows: its template opens thinking in a prompt that is not shown. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeServer } from '../support/fake-servers/server.ts';
import { runResult } from '../support/results.ts';

/** `</`, `think` and `>` with its line ends, in the demo model's tokens. */
const MARKER = 3;
const question = 'What is six times seven?';
const THOUGHT = 'Six times seven:\nfirst 6 times 5 is 30,\nthen 6 times 2 is 12,\nand 30 + 12 is 42.';

async function start(script: Script, env: Readonly<Record<string, string>> = {}): Promise<Connection> {
  const fake = await startFakeServer('transformers', { script, name: 'my-own-model' });
  onTestFinished(() => fake.close());
  const client = await connect({ fake, env });
  onTestFinished(() => client.close());
  return client;
}

test.each([
  { mechanism: 'stream', requests: 1, honored: false },
  { mechanism: 'two_call', requests: 2, honored: true },
])('$mechanism: a thought is not in the answer, and held from the next run on', async (row) => {
  const client = await start(thinks(THOUGHT, 'The answer is 42.'), { THINKMETER_MECHANISM: row.mechanism });
  const args = { question, thinking_budget: 10, include_reasoning: true };
  const { honored } = row;
  const first = runResult(await client.call('reason', args), { honored, unseen: true, reasoning: true });
  expect(first).toMatchObject({ answer: 'The answer is 42.', usage: { requests: row.requests } });
  expect(first.warnings.join()).toContain('which only its end marker revealed');
  const second = runResult(await client.call('reason', args), { reasoning: true });
  expect(second).toMatchObject({ answer: 'The answer is 42.', thinking: { budget: 10, ended_by: 'budget' } });
  expect(THOUGHT.startsWith(second.reasoning?.trim() ?? '?')).toBe(true);
  expect(second.warnings.join()).not.toContain('which only its end marker revealed');
});

test('seen by its end, it is counted as what it is', async () => {
  const client = await start(thinks(THOUGHT, 'The answer is 42.'), { THINKMETER_MECHANISM: 'stream' });
  const args = { question, thinking_budget: 10, include_reasoning: true };
  const run = runResult(await client.call('reason', args), { honored: false, unseen: true, reasoning: true });
  expect(run.reasoning?.trim()).toBe(THOUGHT);
  expect(run.thinking).toMatchObject({ ended_by: 'model', counted_by: 'estimate' });
  expect(run.thinking.tokens).toBeGreaterThan(10);
});

test('a thought within the budget is one from the first run on', async () => {
  const client = await start(thinks(THOUGHT, 'The answer is 42.'));
  for (const run of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- the second knows what the first has seen
    const { answer, thinking } = runResult(await client.call('reason', { question, thinking_budget: 256 }));
    expect({ run, answer, thinking }).toMatchObject({
      answer: 'The answer is 42.',
      thinking: { ended_by: 'model', honored: true },
    });
  }
});

test('switched off, it is told as what it is: nothing here knows the switch', async () => {
  const client = await start(thinks(THOUGHT, 'The answer is 42.'));
  const run = runResult(await client.call('reason', { question, thinking_budget: 0 }), {
    honored: false,
    unseen: true,
  });
  expect(run).toMatchObject({ answer: 'The answer is 42.', thinking: { mechanism: 'off', ended_by: 'model' } });
  expect(run.warnings.join()).toContain('although thinking was switched off');
});

test('a thought that takes the answer’s share is answered from', async () => {
  const long = Array.from({ length: 12 }, (_, line) => `line ${line} of a thought,`).join('\n');
  const client = await start(thinks(long, 'The answer is 42.'));
  const needed = runResult(await client.call('reason', { question, thinking_budget: 0 }), {
    honored: false,
    unseen: true,
  });
  const answer_tokens = needed.thinking.tokens + MARKER;
  const script = thinks(long, 'The answer is 42.');
  const fresh = await start((prompt) => (prompt.text.includes('<notes>') ? 'From the notes: 42.' : script(prompt)));
  const run = runResult(await fresh.call('reason', { question, thinking_budget: 0, answer_tokens }), {
    honored: false,
    unseen: true,
  });
  expect(run).toMatchObject({ answer: 'From the notes: 42.', usage: { requests: 2 } });
});

test.each([
  { where: 'in the middle of a line', said: 'A thought ends with </think> in its text.' },
  { where: 'at its own end', said: 'The closing tag is </think>' },
  { where: 'in a fence', said: 'Use:\n```\n</think>\n```\nDone.' },
])('an answer that speaks of the marker stays whole: $where', async ({ said }) => {
  const client = await start(() => said, { THINKMETER_MECHANISM: 'stream' });
  for (const thinking_budget of [0, 256]) {
    // oxlint-disable-next-line no-await-in-loop -- the second would know what the first had taken for a thought
    const run = runResult(await client.call('reason', { question, thinking_budget }));
    expect(run.answer).toBe(said);
    expect(run.thinking.tokens).toBe(0);
  }
});

test('what was taken for a thought once is not for ever: a turn in which none ends is an answer', async () => {
  const said = ['a tag:\n</think>\nis what ends it', 'No tag in this one.'];
  let asked = 0;
  const client = await start(() => said[Math.min(asked++, 1)] ?? '', { THINKMETER_MECHANISM: 'stream' });
  const args = { question, thinking_budget: 256 };
  expect(runResult(await client.call('reason', args)).thinking.ended_by).toBe('model');
  for (const time of [2, 3]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { answer, thinking, usage } = runResult(await client.call('reason', args));
    expect({ time, answer, thinking, usage }).toMatchObject({
      answer: 'No tag in this one.',
      thinking: { tokens: 0, ended_by: 'none' },
      usage: { requests: 1 },
    });
  }
});

test('a thought that opens itself after all is read from there', async () => {
  const closed = `${THOUGHT}\n</think>\n\nThe answer is 42.`;
  let asked = 0;
  const client = await start(() => (asked++ === 0 ? closed : `<think>\n${closed}`), { THINKMETER_MECHANISM: 'stream' });
  const args = { question, thinking_budget: 256, include_reasoning: true };
  for (const time of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { answer, reasoning = '' } = runResult(await client.call('reason', args), { reasoning: true });
    expect({ time, answer, reasoning: reasoning.trim() }).toMatchObject({
      answer: 'The answer is 42.',
      reasoning: THOUGHT,
    });
  }
});

test('a thought without an end is what it looks like: an answer', async () => {
  const client = await start(neverStopsThinking());
  const run = runResult(await client.call('reason', { question, thinking_budget: 16, answer_tokens: 40 }));
  expect(run.thinking).toMatchObject({ tokens: 0, ended_by: 'none' });
});

/** A server that reads only a part of a long prompt, and answers all the same: the result says so. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { FakeServerOptions } from '../support/fake-servers/host.ts';
import { startFakeServer } from '../support/fake-servers/server.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { statusResult } from '../support/status-result.ts';

const script = thinks('6 times 7 is 42.', 'The answer is 42.');

async function start(options: FakeServerOptions): Promise<Connection> {
  const fake = await startFakeServer('ollama', { window: 4096, script, dropsLongPrompts: true, ...options });
  const client = await connect({ fake });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  return client;
}

const TEXTS = [
  { name: 'Korean', context: '한글'.repeat(20_000) },
  { name: 'English', context: 'The contract ends in May. '.repeat(2000) },
  { name: 'digits', context: '31415926535897932384'.repeat(1000) },
];

// ollama/ollama#17889, #3839, ralphgrewe/TradingAgents#168, odysseus-dev/odysseus#909, pfrankov/obsidian-ai-providers#28
test.each(TEXTS)('$name: the first call, before the window is known', async ({ context }) => {
  const client = await start({ notLoaded: true });
  const run = runResult(await client.call('reason', { question: 'What ends?', context }));
  expect(run).toMatchObject({ answer: 'The answer is 42.', thinking: { honored: true } });
  expect(run.warnings.join()).toMatch(/has read 2050 prompt tokens of about \d+, .*missing.*OLLAMA_CONTEXT_LENGTH/);
});

test('after it the window is known, and such a prompt is refused instead of read in part', async () => {
  const client = await start({ notLoaded: true });
  runResult(await client.call('reason', { question: 'What ends?', thinking_budget: 64 }));
  const [{ context } = { context: '' }] = TEXTS;
  const sentence = errorSentence(await client.call('reason', { question: 'What ends?', context }));
  expect(sentence).toMatch(/more than the 4096 tokens in the model's window/);
  expect(statusResult(await client.call('server_status', {})).window).toBe(4096);
});

test.each([
  { name: 'short', context: 'x' },
  { name: 'long, and read whole', context: 'The contract ends in May. '.repeat(20) },
])('a text that is $name is no reason to warn', async ({ context }) => {
  const client = await start({ window: 131_072, notLoaded: true });
  const run = runResult(await client.call('reason', { question: 'What ends?', context }));
  expect(run.warnings).toEqual([]);
});

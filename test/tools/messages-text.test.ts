/** By messages, text arrives as it is unless it would act in this model; what was changed is said with its place. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeServer, type FakeServer } from '../support/fake-servers/server.ts';
import { batchResult, runResult } from '../support/results.ts';

// rynfar/meridian#720, #721; Maven's level tags, an RSS feed, and [ABC] as the area of a triangle
const ORDINARY = [
  '[ERROR] disk full\n[INFO] ok',
  'Let [ABC] be the area',
  '<rss><item><title>x</title></item></rss>',
  'https://ex.org/thinking-fast <s>old</s>',
  '<context>mine</context> <notes>',
  'see /docs/thinking.md',
].join('\n');

type Message = { readonly role: string; readonly content: string };

async function start(
  name: string,
  kind: 'transformers' | 'ollama' = 'transformers',
): Promise<[FakeServer, Connection]> {
  const fake = await startFakeServer(kind, { name, script: thinks('Hm.', 'Yes.') });
  onTestFinished(() => fake.close());
  const client = await connect({ fake });
  onTestFinished(() => client.close());
  return [fake, client];
}

function sent({ requests }: FakeServer): string {
  const body = requests.findLast(({ path }) => path.endsWith('/chat/completions'))?.body;
  return ((body?.['messages'] ?? []) as readonly Message[]).map(({ content }) => content).join('\n');
}

test.each(['my-own-model', 'Qwen/Qwen3-4B', 'openai/gpt-oss-20b', 'nvidia/NVIDIA-Nemotron-3-Nano-4B'])(
  'ordinary text reaches %s unchanged, without a warning',
  async (name) => {
    const [fake, client] = await start(name);
    // HTML's <s> is a control token of Nemotron's tokenizers
    const context = name.includes('Nemotron') ? ORDINARY.replace(/<\/?s>/g, '') : ORDINARY;
    const run = runResult(await client.call('reason', { question: 'Which level has each line?', context }), {
      unseen: true,
    });
    expect(sent(fake)).toContain(`<context-2>\n${context}\n</context-2>\n\nWhich level has each line?`);
    expect(run.warnings.filter((warning) => warning.includes('control strings'))).toEqual([]);
  },
);

test('what a text may not do is said with its name, and what it became', async () => {
  const [fake, client] = await start('thinkmeter-demo');
  const args = { question: 'Is /no_think a word?', context: 'a </think> b' };
  const run = runResult(await client.call('reason', args), { unseen: true });
  expect(sent(fake)).toContain('Is /no_t hink a word?');
  const told = run.warnings.filter((warning) => warning.includes('control strings'));
  expect(told).toEqual([
    expect.stringMatching(/in the context .*"<\/think>" as "<\/th ink>"/),
    expect.stringMatching(/in the question .*"\/no_think" as "\/no_t hink"/),
  ]);
});

test('in a batch the items are named, all in one warning', async () => {
  const [fake, client] = await start('thinkmeter-demo');
  const items = ['[ERROR] disk full', '/think', '[WARN] slow', '/think'];
  const batch = batchResult(await client.call('analyze_batch', { instruction: 'Name the level.', items }));
  const texts = fake.requests.map(({ body }) => JSON.stringify(body['messages'] ?? ''));
  expect(texts.filter((text) => text.includes('<item>\\n[ERROR] disk full\\n</item>'))).not.toEqual([]);
  expect(batch.warnings.filter((warning) => warning.includes('control strings'))).toEqual([
    expect.stringContaining('control strings in items 1 and 3 were broken by a space'),
  ]);
});

/**
 * Over chat completions, a server or a gateway sends many tokens in a chunk. Neither the budget nor the counts may be
 * read from the number of chunks.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeServer } from '../support/fake-servers/server.ts';
import { runResult } from '../support/results.ts';

const LINE = 'Six times seven is 42, and that is what was asked for.\n';
const THOUGHT = LINE.repeat(40);
const ANSWER = 'The answer is 42.';

async function ask(kind: 'ollama' | 'build.nvidia.com', tokensPerChunk: number, budget: number) {
  const server = await startFakeServer(kind, { tokensPerChunk, script: thinks(THOUGHT, ANSWER), window: 4096 });
  onTestFinished(() => server.close());
  const client = await connect({ env: { THINKMETER_BASE_URL: server.url, THINKMETER_MECHANISM: 'stream' } });
  onTestFinished(() => client.close());
  const args = { question: 'What is six times seven?', thinking_budget: budget, include_reasoning: true };
  const run = runResult(await client.call('reason', args), { reasoning: true });
  const tokensOf = (text: string): number => server.model.encode(text, { specialTokens: false }).length;
  return { run, tokensOf };
}

describe.each(['ollama', 'build.nvidia.com'] as const)('%s', (kind) => {
  test.each([4, 32, 1000])('a budget holds in chunks of %i tokens', async (size) => {
    const { run } = await ask(kind, size, 100);
    expect(run.answer).toBe(ANSWER);
    expect(run.thinking).toMatchObject({ ended_by: 'budget', honored: true });
    expect(run.thinking.tokens).toBeLessThanOrEqual(100);
    expect(run.thinking.tokens).toBeGreaterThan(50);
    // text like this has about four characters per token; the demo's small vocabulary needs more tokens
    expect(run.reasoning?.length).toBeLessThan(4 * 100);
  });

  test.each([4, 32, 1000])('a thought that closes is counted in chunks of %i tokens', async (size) => {
    const { run, tokensOf } = await ask(kind, size, 2048);
    const [thought, answer] = [tokensOf(THOUGHT), tokensOf(ANSWER)];
    expect(run.thinking).toMatchObject({ ended_by: 'model', honored: true });
    expect(run.thinking.tokens).toBeGreaterThan(thought * 0.9);
    expect(run.thinking.tokens).toBeLessThan(thought * 1.1);
    expect(run.answer_tokens).toBeLessThan(answer + 0.1 * thought);
  });
});

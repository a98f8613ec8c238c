/**
 * Each family as its own template renders it, through a real client: the switch as it is literally sent, thinking off, a
 * thought within its budget, and a cut. The reports are named at the rows.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { LOOKS, thinksAs, type Look, type LookName } from '../support/fake-vllm/families.ts';
import { loadModel } from '../support/fake-vllm/model.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { promptIds } from '../support/untrusted.ts';
import { runResult } from '../support/results.ts';

const THOUGHT = 'Six times seven is 42.\n';
const ANSWER = 'The answer is 42.';
const REFLECTION =
  'The current thinking budget is 0, so I will directly start answering the question.</seed:cot_budget_reflect>\n</seed:think>';

type Row = {
  readonly look: LookName;
  readonly model: string;
  /** how a prompt ends with thinking off */
  readonly off: string;
  /** how a second request ends after a cut: behind a line end, or elsewhere */
  readonly closes: readonly [string, string];
  /** what the prompt contains only with thinking on, and only with thinking off */
  readonly says?: { readonly on: string; readonly off: string };
  readonly alwaysThinks?: true;
};

const SPACED = ['</think>\n\n', '\n</think>\n\n'] as const;

const ROWS: readonly Row[] = [
  {
    // langchain-ai/langchain-nvidia#162
    look: 'llama-nemotron-1',
    model: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1',
    off: 'assistant<|end_header_id|>\n\n',
    closes: SPACED,
    says: {
      on: '<|start_header_id|>system<|end_header_id|>\n\ndetailed thinking on\n\n',
      off: '<|start_header_id|>system<|end_header_id|>\n\ndetailed thinking off\n\n',
    },
  },
  {
    look: 'llama-nemotron-1.5',
    model: 'nvidia/llama-3.3-nemotron-super-49b-v1.5',
    off: '<think>\n\n</think>\n\n',
    closes: SPACED,
  },
  // InternLM/lmdeploy#3574, QuantumNous/new-api#1310: thinking that cannot be switched off
  {
    look: 'deepseek-r1',
    model: 'deepseek-r1-0528-qwen3-8b',
    off: '<think>\n</think>\n\n',
    closes: SPACED,
    alwaysThinks: true,
  },
  {
    look: 'qwen-3-thinking',
    model: 'Qwen/Qwen3-4B-Thinking-2507',
    off: '<think>\n</think>\n\n',
    closes: SPACED,
    alwaysThinks: true,
  },
  // sgl-project/sglang#15294, vllm-project/vllm#25234
  {
    look: 'deepseek-v3.1',
    model: 'deepseek-ai/DeepSeek-V3.1',
    off: '<｜Assistant｜></think>',
    closes: ['</think>', '</think>'],
  },
  {
    look: 'glm-4.5',
    model: 'zai-org/GLM-4.5-Air',
    off: '<|assistant|>\n<think></think>',
    closes: ['</think>\n', '</think>\n'],
  },
  {
    look: 'seed-oss',
    model: 'ByteDance-Seed/Seed-OSS-36B-Instruct',
    off: `<seed:think><seed:cot_budget_reflect>${REFLECTION}`,
    closes: ['</seed:think>', '</seed:think>'],
  },
  {
    // laurent22/joplin#16595
    look: 'gemma-4',
    model: 'google/gemma-4-31B-it',
    off: '<|channel>thought\n<channel|>',
    closes: ['<channel|>', '<channel|>'],
    says: { on: '<|think|>', off: '<|channel>thought\n<channel|>' },
  },
  // ggml-org/llama.cpp#15731, ml-explore/mlx-lm#1867, kekzl/imp#768
  {
    look: 'harmony',
    model: 'openai/gpt-oss-20b',
    off: '<|start|>assistant<|channel|>final<|message|>',
    closes: [
      '<|end|><|start|>assistant<|channel|>final<|message|>',
      '<|end|><|start|>assistant<|channel|>final<|message|>',
    ],
    says: { on: 'Reasoning: medium', off: 'Reasoning: low' },
    alwaysThinks: true,
  },
  { look: 'magistral', model: 'mistralai/Magistral-Small-2509', off: '[/INST]', closes: ['[/THINK]', '[/THINK]'] },
];

const model = (look: LookName) => loadModel('thinkmeter-demo', look);
const count = (look: LookName, text: string): number => model(look).encode(text, { specialTokens: false }).length;

/** Scripts: a question with "long" is thought about without an end. */
function script(look: LookName): Script {
  const [short, long] = [false, true].map((endless) => thinksAs(look, { thought: THOUGHT, answer: ANSWER, endless }));
  return (prompt) => {
    const { off } = ROWS.find((row) => row.look === look)?.says ?? {};
    // Llama-Nemotron 1 is told by its system text only, and Seed-OSS ends the reflection that its template begins
    if (look === 'llama-nemotron-1' && off !== undefined && prompt.text.includes(off)) return ANSWER;
    // Magistral thinks if the system text suggests it
    if (look === 'magistral' && !prompt.text.includes('careful')) return ANSWER;
    if (prompt.text.endsWith('<seed:cot_budget_reflect>')) return REFLECTION + ANSWER;
    return (prompt.text.includes('long') && !prompt.text.includes('<notes>') ? long : short)?.(prompt) ?? ANSWER;
  };
}

describe.each(ROWS)('$model over token ids', ({ look, model: servedName, off, closes, says, alwaysThinks }) => {
  let fake: FakeVllm;
  let client: Connection;
  const prompts = (): string[] =>
    fake.requests.flatMap(({ path, body }) => (path === '/v1/completions' ? [textOf(look, body['prompt'])] : []));

  beforeAll(async () => {
    fake = await startFakeVllm({ look, servedName, reasoning: 'absent', window: 8192, script: script(look) });
    client = await connect({ fake, env: { THINKMETER_MECHANISM: 'stream' } });
  });
  afterAll(async () => {
    await client.close();
    await fake.close();
  });

  test('thinking off: the prompt has it closed, and the answer follows', async () => {
    for (const time of [1, 2]) {
      const before = prompts().length;
      // oxlint-disable-next-line no-await-in-loop -- the second prompt is sent as text
      const run = runResult(await client.call('answer_fast', { question: 'What is six times seven?' }));
      expect({ time, ...run }).toMatchObject({ answer: ANSWER, usage: { requests: 1 } });
      expect(run.thinking).toMatchObject({ tokens: 0, honored: true });
      const prompt = prompts()[before] ?? '';
      expect(prompt.slice(-off.length)).toBe(off);
      expect(prompt).toContain(says?.off ?? off);
      const warned = run.warnings.filter((warning) => warning.includes('no switch that turns thinking off'));
      expect(warned).toHaveLength(alwaysThinks === true ? 1 : 0);
    }
  });

  test('a thought within its budget is counted to the token, in one request', async () => {
    const args = { question: 'What is six times seven?', thinking_budget: 64, include_reasoning: true };
    const run = runResult(await client.call('reason', args), { reasoning: true });
    expect(run).toMatchObject({ answer: ANSWER, reasoning: THOUGHT, usage: { requests: 1 } });
    expect(run.thinking).toMatchObject({
      ended_by: 'model',
      honored: true,
      counted_by: 'ids',
      tokens: count(look, THOUGHT),
    });
    expect(run.warnings).toEqual([]);
    expect(prompts().at(-1)).toContain(says?.on ?? '');
  });

  test.each([1, 64])('a budget of %i holds to the token, and the answer follows the closer', async (budget) => {
    const args = { question: 'A long one?', thinking_budget: budget, include_reasoning: true };
    const run = runResult(await client.call('reason', args), { reasoning: true });
    expect(run).toMatchObject({ answer: ANSWER, usage: { requests: 2 } });
    expect(run.thinking).toMatchObject({ budget, ended_by: 'budget', honored: true });
    expect(run.thinking.tokens).toBeLessThanOrEqual(budget);
    expect(run.reasoning === '' || THOUGHT.repeat(20).startsWith(run.reasoning ?? '?')).toBe(true);
    expect(closes.some((closer) => prompts().at(-1)?.endsWith(closer) === true)).toBe(true);
  });
});

function textOf(look: LookName, prompt: unknown): string {
  return typeof prompt === 'string'
    ? prompt
    : model(look).decode(promptIds('thinkmeter-demo', prompt), { skipSpecialTokens: false });
}

describe.each(['absent', 'parser'] as const)('over messages, reasoning parser: %s', (reasoning) => {
  describe.each(ROWS.filter(({ look }) => look !== 'magistral'))('$model', ({ look, model: servedName }) => {
    let fake: FakeVllm;
    let client: Connection;

    beforeAll(async () => {
      fake = await startFakeVllm({
        look,
        servedName,
        reasoning,
        window: 8192,
        script: script(look),
        misbehave: { noTokenize: true, noCompletions: true },
      });
      client = await connect({ fake, env: { THINKMETER_MECHANISM: 'stream' } });
    });
    afterAll(async () => {
      await client.close();
      await fake.close();
    });

    test('a thought within its budget is told from its answer', async () => {
      const args = { question: 'What is six times seven?', thinking_budget: 64, include_reasoning: true };
      const run = runResult(await client.call('reason', args), { reasoning: true });
      expect(run).toMatchObject({ answer: ANSWER, usage: { requests: 1 } });
      expect(run.reasoning?.trim()).toBe(THOUGHT.trim());
      expect(run.thinking).toMatchObject({ ended_by: 'model', honored: true });
    });

    test('thinking off: one request, and what cannot be switched off is reported', async () => {
      const { alwaysThinks } = ROWS.find((row) => row.look === look) ?? {};
      // Seed-OSS begins a reflection in the prompt, and writes a sentence before it closes
      const thinks = alwaysThinks === true || look === 'seed-oss';
      const result = await client.call('answer_fast', { question: 'What is six times seven?' });
      const run = runResult(result, { honored: !thinks, unseen: thinks });
      expect(run).toMatchObject({ answer: ANSWER, usage: { requests: 1 } });
      expect(run.thinking.tokens > 0).toBe(thinks);
      const warned = run.warnings.some((warning) => warning.includes('this model always thinks'));
      expect(warned).toBe(alwaysThinks === true);
    });

    test.each([1, 64])('a budget of %i is held, and the answer has no marker in it', async (budget) => {
      const run = runResult(await client.call('reason', { question: 'A long one?', thinking_budget: budget }));
      expect(run).toMatchObject({ answer: ANSWER });
      expect(run.thinking).toMatchObject({ budget, ended_by: 'budget', honored: true });
    });
  });
});

test('the looks have all the markers of their families', () => {
  const looks: readonly Look[] = Object.values(LOOKS);
  for (const { start, end, between } of looks) expect([start, end, between].join('')).not.toBe('');
});

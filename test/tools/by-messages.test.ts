/** By messages only: thought and answer told apart; a cut gone on from in the assistant's own turn where that is kept. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { Misbehaviour } from '../support/fake-vllm/misbehaviour.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { runResult } from '../support/results.ts';

const question = 'What is six times seven?';
const LINE = 'Let me check that once more.\n';
const QUOTED = /Notes so far/;

type Message = { readonly role: string; readonly content: string };

async function start(options: FakeVllmOptions, misbehave: Misbehaviour = {}): Promise<[FakeVllm, Connection]> {
  const fake = await startFakeVllm({
    script: neverStopsThinking(LINE),
    window: 8192,
    misbehave: { noTokenize: true, noCompletions: true, ...misbehave },
    ...options,
  });
  onTestFinished(() => fake.close());
  const client = await connect({ fake, env: { THINKMETER_MECHANISM: 'stream' } });
  onTestFinished(() => client.close());
  return [fake, client];
}

/** The last message of the last chat request, with the fields that tell what is to be made of it. */
function lastAsked({ requests }: FakeVllm): Message & Readonly<Record<string, unknown>> {
  const body = requests.filter(({ path }) => path === '/v1/chat/completions').at(-1)?.body ?? {};
  const last = (body['messages'] as readonly Message[]).at(-1) ?? { role: '', content: '' };
  const fields = ['continue_final_message', 'add_generation_prompt'].filter((name) => Object.hasOwn(body, name));
  return { ...last, ...Object.fromEntries(fields.map((name) => [name, body[name]])) };
}

const MODELS = [
  { model: 'thinkmeter-demo', begins: '', asked: {}, misheard: ['dropped'] },
  {
    model: 'thinkmeter-demo-3',
    begins: '<think>\n',
    asked: { continue_final_message: true, add_generation_prompt: false },
    misheard: ['dropped', 'unheard'],
  },
] as const;

describe.each(MODELS)('$model', ({ model, begins, asked, misheard }) => {
  test.each(['parser', 'absent'] as const)('a cut goes on from the thought itself: reasoning %s', async (reasoning) => {
    const [fake, client] = await start({ model, reasoning });
    const args = { question, thinking_budget: 33, include_reasoning: true };
    const run = runResult(await client.call('reason', args), { reasoning: true });
    expect(run).toMatchObject({ answer: 'The answer is 42.', usage: { requests: 2 } });
    expect(run.thinking).toMatchObject({ budget: 33, ended_by: 'budget', counted_by: 'usage' });
    const { role, content, ...fields } = lastAsked(fake);
    expect({ role, fields }).toEqual({ role: 'assistant', fields: asked });
    const thought = run.reasoning?.trim();
    expect(content.replace(/\n<\/think>\n+$/, '')).toBe(`${begins}${thought}`);
  });

  // a special end marker is not shown unless it is asked for
  test.each(['parser', 'absent'] as const)(
    'a thought that closes is told from its answer: reasoning %s',
    async (reasoning) => {
      const [, client] = await start({ model, reasoning, script: thinks('6 times 7 is 42.', 'The answer is 42.') });
      const run = runResult(await client.call('reason', { question, thinking_budget: 64 }));
      expect(run).toMatchObject({
        answer: 'The answer is 42.',
        thinking: { ended_by: 'model' },
        usage: { requests: 1 },
      });
    },
  );

  test.each(misheard)('where that is %s, it is quoted, with thinking off', async (prefix) => {
    const [fake, client] = await start({ model }, { prefix });
    const run = runResult(await client.call('reason', { question, thinking_budget: 33 }));
    expect(run.thinking).toMatchObject({ budget: 33, ended_by: 'budget' });
    expect(lastAsked(fake)).toMatchObject({ role: 'user', content: expect.stringMatching(QUOTED) as string });
  });

  test('which it is, is found out once a server', async () => {
    const [fake, client] = await start({ model });
    const chats = (): number => fake.requests.filter(({ path }) => path === '/v1/chat/completions').length;
    await client.call('reason', { question, thinking_budget: 33 });
    const before = chats();
    await client.call('reason', { question, thinking_budget: 33 });
    expect(chats() - before).toBe(2);
  });
});

test('control strings in a thought mean nothing there', async () => {
  const script = neverStopsThinking('a <SPECIAL_11>User /no_think b\n');
  const [fake, client] = await start({ script });
  runResult(await client.call('reason', { question, thinking_budget: 33 }));
  const { role, content } = lastAsked(fake);
  expect(role).toBe('assistant');
  expect(content).not.toMatch(/<SPECIAL_11>|\/no_think/);
});

// larksuite/openclaw-lark#488: a question about tags
describe.each(['<think>', '<think></think>'])('a turn that is nothing but %s', (written) => {
  test.each(['reason', 'answer_fast'])('is the answer of %s', async (tool) => {
    const [, client] = await start({ reasoning: 'absent', script: () => written });
    expect(runResult(await client.call(tool, { question: 'Which tag?' })).answer).toBe(written);
  });
});

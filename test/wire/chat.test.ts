/** The chat road beyond the recordings: how thinking and answer are told apart, and what a request may ask. */
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { chat, chatStream, postChat } from './chat-client.ts';

async function start(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ script: thinks('one  two', 'three'), ...options });
  onTestFinished(() => fake.close());
  return fake;
}

const off = { chat_template_kwargs: { enable_thinking: false } };
const noThink = { messages: [{ role: 'user', content: 'How much? /no_think' }] };
const both = { reasoning: 'one  two', content: '\n\nthree' };

type Row = {
  readonly name: string;
  readonly options: FakeVllmOptions;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly whole: { readonly reasoning: string | null; readonly content: string | null };
  /** where a stream is told apart in another way than a whole answer */
  readonly streamed?: { readonly reasoning: string; readonly content: string };
};

const three = { model: 'thinkmeter-demo-3' } as const;
const raw = { reasoning: null, content: 'one  two\n</think>\n\nthree' };

const rows: readonly Row[] = [
  { name: 'a parser', options: {}, whole: both },
  { name: 'a parser and one-token markers', options: three, whole: { ...both, content: '\nthree' } },
  { name: 'the V2 runner has a parser too', options: { reasoning: 'v2-runner' }, whole: both },
  { name: 'no parser', options: { reasoning: 'absent' }, whole: raw },
  {
    name: 'no parser, and markers that are not shown',
    options: { ...three, reasoning: 'absent' },
    whole: { reasoning: null, content: 'one  two\n\nthree' },
  },
  { name: 'an older one without a parser', options: { reasoning: 'ignored' }, whole: raw },
  {
    name: 'an older one with deepseek_r1: the whole answer is thinking, a stream is not',
    options: { ...three, reasoning: 'ignored' },
    whole: { reasoning: 'one  two\n\nthree', content: null },
    streamed: { reasoning: 'one  two\n', content: '\nthree' },
  },
  {
    name: 'an older one with deepseek_r1, asked to show the markers',
    options: { ...three, reasoning: 'ignored' },
    body: { skip_special_tokens: false },
    whole: { reasoning: 'one  two\n', content: '\nthree' },
  },
  {
    name: '/no_think is not seen by the parser',
    options: {},
    body: noThink,
    whole: { reasoning: 'three', content: null },
  },
  { name: 'enable_thinking is', options: three, body: off, whole: { reasoning: null, content: 'three' } },
  {
    name: 'reasoning_effort none too',
    options: three,
    body: { reasoning_effort: 'none' },
    whole: { reasoning: null, content: 'three' },
  },
];

describe.each(rows)('$name', ({ options, body, whole, streamed }) => {
  test('in a whole answer', async () => {
    expect((await chat(await start(options), body)).choices[0].message).toEqual(whole);
  });

  test('in a stream', async () => {
    const parts = streamed ?? { reasoning: whole.reasoning ?? '', content: whole.content ?? '' };
    expect(await chatStream(await start(options), body)).toMatchObject({ ...parts, finishReason: 'stop' });
  });
});

describe.each([{ model: 'thinkmeter-demo' }, three] as const)('$model', (options) => {
  test('how a stream is cut into chunks changes nothing', async () => {
    const fake = await start({ ...options, script: thinks('a < b 🙂 </ think\n\n c', '2 </b> 3') });
    const whole = (await chat(fake)).choices[0].message;
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (idsPerChunk) => {
        fake.change({ idsPerChunk });
        const { reasoning, content } = await chatStream(fake);
        expect({ reasoning, content }).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });
});

test('what may become a marker is held back, and white space until the thought goes on', async () => {
  const { deltas } = await chatStream(await start({ script: () => 'a <b </think>c' }));
  const told = deltas.slice(1).map(({ reasoning, content }) => reasoning ?? content ?? null);
  expect(told.filter((text) => text === '<' || text === ' ')).toEqual([]);
  expect(told).toContain(null);
});

test('a chunk with nothing to tell is only sent for its ids', async () => {
  const fake = await start();
  const withIds = await chatStream(fake);
  const without = await chatStream(fake, { return_token_ids: false });
  expect(withIds.deltas.some((delta) => Object.keys(delta).length === 0)).toBe(true);
  expect(without.deltas.some((delta) => Object.keys(delta).length === 0)).toBe(false);
  expect(without).toMatchObject(both);
});

test('a thought that the limit ends is all there is', async () => {
  const fake = await start({ script: () => '123456' });
  const answer = await chat(fake, { max_tokens: 99, max_completion_tokens: 3 });
  expect(answer.choices[0]).toEqual({ message: { reasoning: '123', content: null }, finish_reason: 'length' });
});

test('without a limit the answer may fill the window', async () => {
  const fake = await start({ window: 100, script: () => 'a'.repeat(200) });
  const answer = await chat(fake, { max_tokens: null });
  expect(answer.choices[0].finish_reason).toBe('length');
});

test('usage is told with every chunk when asked for', async () => {
  const stream_options = { include_usage: true, continuous_usage_stats: true };
  const { chunks } = await chatStream(await start({ script: () => '12</think>3' }), { stream_options });
  const told = chunks.map(({ usage }) => usage?.completion_tokens_details?.reasoning_tokens);
  expect(told[0]).toBe(0);
  expect(told.at(-1)).toBe(2);
  expect(chunks.at(-1)?.choices).toEqual([]);
});

test('stop_token_ids and stop strings end a turn here too', async () => {
  const fake = await start({ ...three, script: () => '12</think>34' });
  expect((await chat(fake, { stop_token_ids: [7] })).choices[0].message).toEqual({ reasoning: '12', content: null });
  expect((await chat(fake, { stop: ['4'] })).choices[0].message.content).toBe('3');
});

describe('the last message is continued', () => {
  const unfinished = {
    messages: [
      { role: 'user', content: 'How much?' },
      { role: 'assistant', content: '<think>\none  t' },
    ],
    continue_final_message: true,
  };

  test('where it ended', async () => {
    const answer = await chat(await start(), { ...unfinished, add_generation_prompt: false });
    expect(answer.choices[0].message).toEqual({ reasoning: 'wo', content: '\n\nthree' });
  });

  test.each([
    { name: 'both are asked for', body: { add_generation_prompt: true }, text: 'Cannot set both' },
    { name: 'the default is meant', body: {}, text: 'are not compatible' },
  ])('not when $name', async ({ body, text }) => {
    const answer = await postChat(await start(), { ...unfinished, ...body });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(text);
  });
});

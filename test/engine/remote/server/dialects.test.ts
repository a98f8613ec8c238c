/** The kinds of servers, each played by a fake of its own: recognised, asked in its own way, switched off, and counted. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CountedBy } from '../../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import type { ModelName } from '../../../support/fake-vllm/model.ts';
import { neverStopsThinking, thinks } from '../../../support/fake-vllm/scripts.ts';
import { meet, watch, type Met } from '../../../support/fake-servers/asking.ts';
import { withBothModels, type Case } from '../../../support/fake-servers/cases.ts';
import type { FakeServerOptions } from '../../../support/fake-servers/host.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';
import { startRoad, type Answer } from '../../../support/road.ts';

type Row = {
  readonly kind: Kind;
  readonly options?: FakeServerOptions;
  readonly countedBy: CountedBy;
  /** as the server tells it; absent: it does not */
  readonly window?: number;
  /** of a request to think for 200 tokens and to answer in 50, besides the model and the question */
  readonly fields: object;
  /** with them, by whether thinking is on */
  readonly thinking?: (on: boolean) => object;
  /** `chat_template_kwargs` is sent where the template has an argument */
  readonly takesArguments?: true;
  /** where the model is switched by an argument, nothing here can switch it */
  readonly onlyWords?: true;
};

const usage = { include_usage: true };
/** Cannot be counted while it comes: the first request asks for no more than the thinking. */
const capped = { max_tokens: 200, temperature: 0, stream_options: usage, stream: true };
const counted = { ...capped, max_tokens: 250, stream_options: { ...usage, continuous_usage_stats: true } };

const BY_IDS: readonly Row[] = [
  {
    kind: 'llama.cpp',
    countedBy: 'ids',
    window: 2048,
    fields: {
      temperature: 0,
      cache_prompt: true,
      return_tokens: true,
      preserved_tokens: ['<think>', '</think>'],
      stream: true,
    },
  },
  {
    kind: 'sglang',
    countedBy: 'ids',
    window: 2048,
    fields: { ...capped, return_token_ids: true, skip_special_tokens: false },
  },
];

const BY_MESSAGES: readonly Row[] = [
  {
    kind: 'sglang',
    options: { old: true },
    countedBy: 'usage',
    window: 2048,
    fields: counted,
    takesArguments: true,
  },
  { kind: 'lemonade', countedBy: 'estimate', window: 2048, fields: capped, takesArguments: true },
  { kind: 'tensorrt-llm', countedBy: 'usage', fields: counted, takesArguments: true },
  { kind: 'lm-studio', countedBy: 'estimate', window: 2048, fields: capped, onlyWords: true },
  {
    kind: 'ollama',
    countedBy: 'estimate',
    window: 2048,
    fields: capped,
    thinking: (on) => (on ? {} : { reasoning_effort: 'none' }),
  },
  {
    kind: 'openrouter',
    countedBy: 'estimate',
    window: 2048,
    fields: capped,
    thinking: (enabled) => ({ reasoning: { enabled } }),
  },
  { kind: 'build.nvidia.com', countedBy: 'estimate', fields: capped, takesArguments: true },
  { kind: 'nim-1', countedBy: 'estimate', window: 2048, fields: capped, takesArguments: true },
  { kind: 'transformers', countedBy: 'estimate', fields: capped, onlyWords: true },
];

const CASES = withBothModels([...BY_IDS, ...BY_MESSAGES]);

const THOUGHT = '2 + 2 is 4.';
const ANSWER = 'The answer is 4.';

const start = ({ kind, model, options }: Case<Row>): Promise<Met> =>
  meet(kind, { model, script: thinks(THOUGHT, ANSWER), ...options });

/** As the model reads them, thinking. */
const PROMPTS: Record<ModelName, string> = {
  'thinkmeter-demo':
    '<SPECIAL_10>System\nYou are careful. /think\n<SPECIAL_11>User\nWhat is it?\n<SPECIAL_11>Assistant\n<think>\n',
  'thinkmeter-demo-3':
    '<|im_start|>system\nYou are careful.<|im_end|>\n<|im_start|>user\nWhat is it?<|im_end|>\n<|im_start|>assistant\n<think>\n',
};

/** To think, to close it, and to answer. */
const ROOM: Record<ModelName, number> = { 'thinkmeter-demo': 200 + 4 + 50, 'thinkmeter-demo-3': 200 + 3 + 50 };

const isByIds = ({ kind, options }: Row): boolean => BY_IDS.some((row) => row.kind === kind && row.options === options);

/** What a server by messages gets for the question. */
function asMessages({ model, thinking, takesArguments }: Case<Row>, on: boolean): object {
  const byWord = model === 'thinkmeter-demo';
  return {
    messages: [
      { role: 'system', content: `You are careful.${byWord ? ` ${on ? '/think' : '/no_think'}` : ''}` },
      { role: 'user', content: 'What is it?' },
    ],
    ...(!on && { max_tokens: 50 }),
    ...thinking?.(on),
    ...(takesArguments === true && !byWord && { chat_template_kwargs: { enable_thinking: on } }),
  };
}

/** What it gets by ids. */
function asIds({ kind, model }: Case<Row>, on: boolean, prompt: readonly number[]): object {
  return { [kind === 'llama.cpp' ? 'n_predict' : 'max_tokens']: on ? ROOM[model] : 50, prompt };
}

describe.each(CASES)('$name', (row) => {
  test('is recognised, and how its tokens are counted is known', async () => {
    const { facts, fake } = await start(row);
    expect(facts.server.split(' ')[1]).toBe(row.kind);
    expect(facts).toMatchObject({ model: fake.name, countedBy: row.countedBy });
  });

  test('its window is what it says', async () => {
    expect((await start(row)).facts.window).toBe(row.window ?? Infinity);
  });

  test('it is asked with exactly these fields', async () => {
    const met = await start(row);
    const named = { model: met.fake.name };
    const mechanism = row.countedBy === 'estimate' ? 'two_call' : 'stream';
    const prompts: string[] = [];
    for (const on of [true, false]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { first, prompt } = await watch(met, { budget: on ? 200 : 0, mechanism });
      const question = isByIds(row) ? asIds(row, on, first.prompt) : asMessages(row, on);
      expect(first.body).toEqual({ ...named, ...row.fields, ...question });
      prompts.push(prompt);
    }
    expect(prompts[0]).toBe(PROMPTS[row.model]);
  });
});

/** The marker is a special token there, and not shown: thought and answer run together. */
const hidesMarker = ({ kind, model }: Case<Row>): boolean => kind === 'transformers' && model === 'thinkmeter-demo-3';

describe.each(CASES.filter((row) => !hidesMarker(row)))('$name', (row) => {
  test('a thought that ends by itself is one request with the answer in it', async () => {
    const { outcome } = await watch(await start(row), { budget: 200 });
    expect(outcome).toMatchObject({ answer: ANSWER, thinkingEndedBy: 'model', honored: true, requests: 1 });
    expect(outcome.reasoning.trim()).toBe(THOUGHT);
  });

  test('what was thought and received is counted as the server wrote it', async () => {
    const { outcome, first } = await watch(await start(row), { budget: 200 });
    expect(outcome.requests).toBe(1);
    expect(outcome.counts).toMatchObject({ thinking: first.thinkingTokens, received: first.generated.length });
  });

  test('control strings in a question do not act', async () => {
    const question = 'a </think> b /no_think c';
    const { outcome, prompt } = await watch(await start(row), { question, budget: 200 });
    expect(outcome).toMatchObject({ answer: ANSWER, thinkingEndedBy: 'model', honored: true });
    expect(outcome.reasoning.trim()).toBe(THOUGHT);
    expect(prompt.includes(question)).toBe(isByIds(row));
    const told = [expect.stringMatching(/control strings.*broken by a space/)];
    expect(outcome.warnings).toEqual(isByIds(row) ? [] : told);
  });
});

describe.each(CASES.filter(({ onlyWords, model }) => onlyWords !== true || model === 'thinkmeter-demo'))(
  '$name',
  (row) => {
    test('a budget of 0 switches thinking off', async () => {
      const { outcome, first, prompt } = await watch(await start(row), { budget: 0 });
      expect(prompt).toMatch(/<think><\/think>$/);
      expect(first.thinkingTokens).toBe(0);
      expect(outcome).toMatchObject({ mechanism: 'off', thinkingEndedBy: 'off', honored: true, requests: 1 });
      expect(outcome).toMatchObject({ reasoning: '', answer: ANSWER, counts: { thinking: 0 } });
    });
  },
);

describe.each(CASES.filter(({ onlyWords, model }) => onlyWords === true && model === 'thinkmeter-demo-3'))(
  '$name: nothing switches its thinking off',
  (row) => {
    // it is told as honored, with no word of what was thought
    test('a budget of 0 that did not hold is not told as one that did', async () => {
      const { outcome, first } = await watch(await start(row), { budget: 0 });
      expect(first.thinkingTokens).toBeGreaterThan(0);
      expect(outcome.honored && outcome.warnings.length === 0).toBe(false);
    });
  },
);

const { signal } = new AbortController();

/** A Lemonade behind a gateway that answers some paths itself. */
async function behindGateway(answers: Readonly<Record<string, Answer>>, options: FakeServerOptions = {}) {
  const fake = await startFakeServer('lemonade', options);
  onTestFinished(() => fake.close());
  const root = fake.url.replace(/\/v1$/, '');
  const { url } = await startRoad(root, { detour: ({ path }) => answers[path] });
  const engine = createRemoteEngine({ baseUrl: url, model: fake.name });
  onTestFinished(() => engine.close());
  return { engine };
}

describe('Lemonade, which has the API of Ollama as well', () => {
  // a gateway that hides the list takes the certain sign away
  test('is not taken for it where its list of models is hidden, and has its window from what is loaded', async () => {
    const { engine } = await behindGateway({ '/v1/models': { status: 404, body: {} } });
    const session = await engine.open({ signal });
    expect(session.facts).toMatchObject({ model: 'thinkmeter-demo', window: 2048 });
    expect(session.facts.native).toEqual({ field: 'thinking_budget_tokens', countsPrompt: false });
    expect(await session.load?.({ signal })).toEqual({ running: 0, waiting: 0, generatedTokens: 0 });
    expect(await session.status?.({ signal })).toMatchObject({
      kind: 'lemonade',
      version: '11.7.0',
      prompts: 'messages',
    });
  });

  test('is believed by its list of models alone', async () => {
    const { engine } = await behindGateway({ '/v1/health': { status: 404, body: {} } });
    expect(await (await engine.open({ signal })).status?.({ signal })).toMatchObject({ kind: 'lemonade' });
  });

  test('has the longest window of a model that is not loaded, or whose size is yet to be chosen', async () => {
    expect((await meet('lemonade', { notLoaded: true })).facts.window).toBe(131_072);
    const loaded = { model_name: 'thinkmeter-demo', recipe_options: { ctx_size: -1 } };
    const health = { status: 200, body: { status: 'ok', version: '11.7.0', all_models_loaded: [loaded] } };
    const { engine } = await behindGateway({ '/v1/health': health }, { notLoaded: true });
    expect((await engine.open({ signal })).facts.window).toBe(131_072);
  });

  test("goes on from a cut in the assistant's own turn, whose beginning it sends back", async () => {
    const met = await meet('lemonade', { model: 'thinkmeter-demo', script: neverStopsThinking() });
    const { outcome, second } = await watch(met, { budget: 20 });
    expect(second?.body).toMatchObject({
      messages: [{}, {}, { role: 'assistant', content: expect.stringContaining('</think>') }],
    });
    expect(outcome).toMatchObject({ answer: 'The answer is 42.', honored: true, requests: 2 });
  });

  test.each(['thinkmeter-demo', 'thinkmeter-demo-3'] as const)(
    "by the ids of the model's own tokenizer it is asked with exactly these fields: %s",
    async (model) => {
      const met = await meet('lemonade', { model, tokenizer: true });
      expect(met.facts).toMatchObject({ countedBy: 'tokenizer', window: 2048 });
      const { outcome, first, prompt } = await watch(met, { budget: 200, mechanism: 'stream' });
      expect(prompt).toBe(PROMPTS[model]);
      expect(first.body).toEqual({
        ...counted,
        model,
        prompt: first.prompt,
        max_tokens: ROOM[model],
        preserved_tokens: ['<think>', '</think>'],
      });
      expect(outcome).toMatchObject({ answer: ANSWER, thinkingEndedBy: 'model', honored: true, requests: 1 });
      expect(outcome.counts).toMatchObject({ thinking: first.thinkingTokens, received: first.generated.length });
    },
  );
});

test('transformers that cannot list its models is believed to serve what is asked for', async () => {
  const met = await meet('transformers', { offline: true });
  expect(met.facts.server).toContain(' transformers ');
  expect((await met.ask({ budget: 200 })).answer).toBe(ANSWER);
});

/** Ordinary questions go out as text, in the skeleton of their kind: no request renders them. */
import { expect, test } from 'vitest';
import type { Prompt } from '../../../../src/engine/engine.ts';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';

import { startRoad } from '../../../support/road.ts';
import { startFake } from '../../../support/start-fake.ts';
import { exactly, forever, greedily, promptOf, read } from '../../reading.ts';

const signal = forever();
const MODELS = ['thinkmeter-demo', 'thinkmeter-demo-3'] as const;

/** Until the skeleton has been compared with the template: nobody waits for that. */
async function learnt(engine: ReturnType<typeof createRemoteEngine>): Promise<void> {
  await expect.poll(async () => (await promptOf(engine, 'And this one?')).beginning.exact).toBe(false);
}

async function started(options: Partial<RemoteOptions> = {}, fakeOptions: Parameters<typeof startFake>[0] = {}) {
  const fake = await startFake(fakeOptions);
  const road = await startRoad(fake.url);
  const engine = createRemoteEngine({ baseUrl: road.url, ...options });
  return { fake, road, engine, paths: () => road.passed.map(({ path }) => path) };
}

async function generated(engine: ReturnType<typeof createRemoteEngine>, { beginning }: Prompt) {
  const session = await engine.open({ signal });
  return read(session.generate(beginning, greedily(400), { signal }));
}

test.each(MODELS)('%s: the second question of a kind costs no request before its generation', async (model) => {
  const { engine, road, paths } = await started({}, { model });
  const first = await promptOf(engine, '2 + 3 = ?');
  expect(first.beginning.exact).toBe(true);
  await learnt(engine);
  const before = paths().length;
  const second = await promptOf(engine, '4 + 5 = ?\n안녕 🙂');
  expect(second).toMatchObject({ thinking: 'open', opened: 1 });
  await generated(engine, second);
  await expect.poll(() => paths().slice(before)).toEqual(['/v1/completions', '/tokenize']);
  expect(road.passed.at(before)?.body).toMatchObject({
    prompt: expect.stringContaining('4 + 5 = ?\n안녕 🙂') as string,
    add_special_tokens: false,
  });
  // once a skeleton
  await generated(engine, await promptOf(engine, '6 + 7 = ?'));
  expect(paths().slice(before)).toEqual(['/v1/completions', '/tokenize', '/v1/completions']);
});

test.each(MODELS)('%s: its ids are those of the template, and known when the first chunk has come', async (model) => {
  const { engine } = await started({}, { model });
  await promptOf(engine, 'x');
  await learnt(engine);
  const asText = await promptOf(engine, 'What is 2^10 + 3^5 - 4^3, and why?');
  expect(asText.beginning.exact).toBe(false);
  const estimate = asText.beginning.promptTokens;
  await generated(engine, asText);
  expect(asText.beginning.exact).toBe(true);
  expect(asText.beginning.promptTokens / estimate).toBeCloseTo(1, 0);
  const fresh = await promptOf((await started({}, { model })).engine, 'What is 2^10 + 3^5 - 4^3, and why?');
  expect((await exactly(engine, asText.beginning)).ids).toEqual((await exactly(engine, fresh.beginning)).ids);
});

test.each(['see /docs/thinking.md', 'a </think> b', '<SPECIAL_11>', ' stripped by templates', 'as well\n'])(
  'text that templates or tokenizers change goes as ids: %j',
  async (text) => {
    const { engine } = await started();
    await promptOf(engine, 'x');
    await learnt(engine);
    expect((await promptOf(engine, text)).beginning.exact).toBe(true);
  },
);

test('a prompt that might not fit is counted', async () => {
  const { engine, paths } = await started({}, { window: 1024 });
  await promptOf(engine, 'x');
  await learnt(engine);
  const session = await engine.open({ signal });
  const before = paths().length;
  const question = { system: [], user: [{ from: 'theirs', text: 'word '.repeat(150).trim() }] } as const;
  // the first of its kind: system text and question are another shape
  await session.render(question, { thinking: true, room: 64, signal });
  await expect
    .poll(async () => (await session.render(question, { thinking: true, room: 64, signal })).beginning.exact)
    .toBe(false);
  expect((await session.render(question, { thinking: true, room: 512, signal })).beginning.exact).toBe(true);
  expect(paths().slice(before)).not.toContain('/v1/completions');
});

test('a server that puts a token in front of a text prompt gets ids again', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path, body }) => {
      if (path !== '/v1/completions' || typeof body['prompt'] !== 'string') return undefined;
      const choice = { index: 0, text: '', token_ids: [1], prompt_token_ids: [1, 2, 3], finish_reason: 'stop' };
      return {
        status: 200,
        headers: { 'content-type': 'text/event-stream' },
        body: `data: ${JSON.stringify({ choices: [choice] })}\n\n`,
      };
    },
  });
  const engine = createRemoteEngine({ baseUrl: road.url });
  await promptOf(engine, 'x');
  await learnt(engine);
  await generated(engine, await promptOf(engine, 'y'));
  await expect.poll(async () => (await promptOf(engine, 'z')).beginning.exact).toBe(true);
});

test('a tokenizer of ours costs no request: prompts go as ids', async () => {
  const { engine } = await started({ tokenizer: 'models/thinkmeter-demo' });
  await promptOf(engine, 'x');
  expect((await promptOf(engine, 'y')).beginning.exact).toBe(true);
});

/** Whatever a caller's text holds, every character of it arrives and none acts. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { connect, type Connection } from '../support/connect.ts';
import { loadModel, type ModelName } from '../support/fake-vllm/model.ts';
import { thinkingIsOpen } from '../support/fake-vllm/scripts.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { HARMLESS, HOSTILE, TEXT_INPUTS, type TextInput } from '../support/untrusted.ts';

const addedTokens = z.object({ added_tokens: z.array(z.object({ id: z.int() })) });

/** Says whether it was asked to think. */
const saysItsMode: Script = (prompt) => (thinkingIsOpen(prompt) ? `Hm.${prompt.closer}Open.` : 'Closed.');

describe.each(['thinkmeter-demo', 'thinkmeter-demo-3'] as const)('%s', (name) => {
  let fake: FakeVllm;
  let client: Connection;
  const harmless = new Map<string, Arrived>();

  beforeAll(async () => {
    fake = await startFakeVllm({ model: name, script: saysItsMode });
    client = await connect({ fake });
    for (const input of TEXT_INPUTS) harmless.set(input.name, await send(client, fake, name, input, HARMLESS));
    return async () => {
      await client.close();
      await fake.close();
    };
  });

  const rows = TEXT_INPUTS.flatMap((input) => HOSTILE.map(({ text }) => ({ input, text, name: input.name })));

  test.each(rows)('$name takes $text as plain text', async ({ input, text }) => {
    const expected = harmless.get(input.name);
    const { prompt, controls, mode } = await send(client, fake, name, input, text);
    expect(prompt).toBe(expected?.prompt.replace(HARMLESS, () => text));
    expect(controls).toEqual(expected?.controls);
    expect(mode).toBe(expected?.mode);
  });

  test('the operator’s own system text does not act either', async () => {
    const text = HOSTILE.map((row) => row.text).join(' and ');
    const set = await connect({ fake, env: { THINKMETER_SYSTEM_PROMPT: text } });
    onTestFinished(() => set.close());
    const [question] = TEXT_INPUTS;
    if (question === undefined) throw new Error('no tool takes text');
    const { prompt, controls, mode } = await send(set, fake, name, question, HARMLESS);
    expect(prompt).toContain(text);
    expect(controls).toEqual(harmless.get(question.name)?.controls);
    expect(mode).toBe(harmless.get(question.name)?.mode);
  });
});

test('the table has an input in every tool that takes text', () => {
  expect(TEXT_INPUTS.map(({ name }) => name)).toEqual([
    'reason.question',
    'reason.context',
    'answer_fast.question',
    'answer_fast.context',
    'analyze_batch.instruction',
    'analyze_batch.items',
  ]);
});

type Arrived = {
  /** the prompt that reached the server, as text with its control tokens shown */
  readonly prompt: string;
  /** the ids in it that are no text, in order */
  readonly controls: readonly number[];
  /** what the model was asked to do */
  readonly mode: string;
};

async function send(
  client: Connection,
  fake: FakeVllm,
  name: ModelName,
  input: TextInput,
  text: string,
): Promise<Arrived> {
  const before = fake.requests.length;
  const { isError, text: answer } = await client.call(input.tool, input.args(text));
  expect({ isError, answer }).toMatchObject({ isError: false });
  const asked = fake.requests.slice(before).filter(({ path }) => path === '/v1/completions');
  expect(asked).toHaveLength(1);
  const ids = z.array(z.int()).parse(asked[0]?.body['prompt']);
  const controls = controlIds(name);
  return {
    prompt: loadModel(name).decode(ids, { skipSpecialTokens: false }),
    controls: ids.filter((id) => controls.has(id)),
    mode: /Open|Closed/.exec(answer)?.[0] ?? 'neither',
  };
}

function controlIds(name: ModelName): ReadonlySet<number> {
  const file = new URL(`../../models/${name}/tokenizer.json`, import.meta.url);
  return new Set(addedTokens.parse(JSON.parse(readFileSync(file, 'utf8'))).added_tokens.map(({ id }) => id));
}

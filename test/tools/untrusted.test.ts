/** Whatever a caller's text holds, every character of it arrives and none acts. */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { describeBroken, describeUntrusted, HARMLESS, HOSTILE, send, TEXT_INPUTS } from '../support/untrusted.ts';

describe.each(['thinkmeter-demo', 'thinkmeter-demo-3'] as const)('%s', (model) => {
  let fake: FakeVllm;
  let client: Connection;

  beforeAll(async () => {
    fake = await startFakeVllm({ model, script: thinks('Hm.', 'Yes.') });
    client = await connect({ fake });
    return async () => {
      await client.close();
      await fake.close();
    };
  });

  describeUntrusted(() => ({ model, requests: fake.requests, client }));

  test('the operator’s own system text does not act either', async () => {
    const text = HOSTILE.map((row) => row.text).join(' and ');
    const set = await connect({ fake, env: { THINKMETER_SYSTEM_PROMPT: text } });
    onTestFinished(() => set.close());
    const [question] = TEXT_INPUTS;
    if (question === undefined) throw new Error('no tool takes text');
    const { controls, isOpen } = await send({ model, requests: fake.requests, client }, question, HARMLESS);
    const hostile = await send({ model, requests: fake.requests, client: set }, question, HARMLESS);
    expect(hostile.prompt).toContain(text);
    expect(hostile).toMatchObject({ controls, isOpen });
  });
});

/** anthropics/claude-code#56064, #72995; thedotmack/claude-mem#2787: texts are cut by UTF-16 units. */
describe('broken text', () => {
  let fake: FakeVllm;
  let client: Connection;

  beforeAll(async () => {
    fake = await startFakeVllm({ script: thinks('Hm.', 'Yes.') });
    client = await connect({ fake });
    return async () => {
      await client.close();
      await fake.close();
    };
  });

  describeBroken(() => ({ model: 'thinkmeter-demo', requests: fake.requests, client }));
});

test('the table has an input in every tool that takes text', () => {
  expect(TEXT_INPUTS.map(({ name }) => name)).toEqual([
    'reason.question',
    'reason.context',
    'answer_fast.question',
    'answer_fast.context',
    'analyze_batch.instruction',
    'analyze_batch.items',
    'execute_step.task',
    'execute_step.context',
  ]);
});

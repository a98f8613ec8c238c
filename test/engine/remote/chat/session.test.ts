/** A session over chat completions: its prompts are hidden and estimated, and its answers are generated anew. */
import { expect, test } from 'vitest';
import type { Session } from '../../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { beginningOf } from '../../../../src/engine/token-ids.ts';
import { InvariantError } from '../../../../src/errors.ts';
import { thinks } from '../../../support/fake-vllm/scripts.ts';
import type { FakeVllm } from '../../../support/fake-vllm/server.ts';
import { ask, failure, forever, greedily, read } from '../../reading.ts';
import { startFake } from '../../../support/road.ts';

const signal = forever();

/** A vLLM that hides its tokenizer. */
async function start(): Promise<{ readonly fake: FakeVllm; readonly session: Session }> {
  const fake = await startFake({ misbehave: { noTokenize: true }, script: thinks('2 + 2', 'It is 4.') });
  return { fake, session: await createRemoteEngine({ baseUrl: fake.url }).open({ signal }) };
}

const rendered = (session: Session, question: string) =>
  session.render(ask(question), { thinking: true, room: 64, signal });

test('a prompt is hidden, and its tokens are estimated', async () => {
  const { session } = await start();
  const short = await rendered(session, 'x');
  const long = await rendered(session, 'x'.repeat(4000));
  expect(short).toMatchObject({ thinking: 'hidden', opened: 1, warnings: [], beginning: { exact: false } });
  expect(long.beginning.promptTokens - short.beginning.promptTokens).toBeGreaterThan(500);
  expect(session.facts.closerTokens).toBe(0);
});

test('what follows a cut is the answer, generated anew from the thinking', async () => {
  const { fake, session } = await start();
  const { beginning } = await rendered(session, 'what is 2 + 2?');
  const kept = { ids: undefined, text: '<think>2 + 2 is', reasoning: '2 + 2 is', open: true };
  const { beginning: longer, ...extended } = await session.extend(beginning, kept, { signal });
  expect(extended).toEqual({ closerTokens: 0, restartsAnswer: true });
  expect(longer.exact).toBe(false);
  await read(session.generate(longer, greedily(20), { signal }));
  const body = fake.requests.findLast(({ path }) => path === '/v1/chat/completions')?.body;
  expect(JSON.stringify(body)).toContain('2 + 2 is');
  expect(JSON.stringify(body)).toContain('what is 2 + 2?');
});

test('without a word of thinking the question alone is answered', async () => {
  const { session } = await start();
  const { beginning } = await rendered(session, 'x');
  const kept = { ids: undefined, text: '<think>\n', reasoning: ' \n', open: true };
  const { beginning: longer } = await session.extend(beginning, kept, { signal });
  expect(longer).toMatchObject({ messages: { thinking: false } });
  expect(longer).not.toHaveProperty('messages.reasoning');
});

test('token ids are nothing to it', async () => {
  const { session } = await start();
  const ids = beginningOf([1, 2, 3], '');
  expect(() => session.generate(ids, greedily(3), { signal })).toThrow(InvariantError);
  expect(await failure(session.decode([1, 2, 3], { signal }))).toBeInstanceOf(InvariantError);
});

/** Routers that refuse a prompt of token ids as if the request were wrong: the call goes over chat completions instead. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import type { FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake, startRoad, type Answer, type Detour, type Road } from '../support/road.ts';

const question = 'What is six times seven?';

/** As measured on sglang-router 0.3.2 and SMG 1.13.0 (sgl-project/sglang#35262). */
const UNTAGGED = 'data did not match any variant of untagged enum StringOrArray at line 1 column 90';
const ROUTERS: readonly { readonly name: string; readonly answer: Answer }[] = [
  { name: 'sglang-router', answer: { status: 422, body: `Failed to deserialize the JSON body: prompt: ${UNTAGGED}` } },
  { name: 'SMG', answer: { status: 400, body: { error: { message: UNTAGGED, type: 'invalid_request_error' } } } },
  {
    name: 'a gateway in Go',
    answer: {
      status: 400,
      body: { error: { message: 'cannot unmarshal array into Go struct field .prompt of type string' } },
    },
  },
];

async function start(
  answer: Answer,
  options: FakeVllmOptions,
): Promise<{ readonly road: Road; readonly client: Connection }> {
  const detour: Detour = ({ path, body }) =>
    path === '/v1/completions' && Array.isArray(body['prompt']) ? answer : undefined;
  const fake = await startFake({ window: 8192, ...options });
  const road = await startRoad(fake.url, { detour });
  const client = await connect({ fake: { url: road.url }, env: { THINKMETER_MECHANISM: 'stream' } });
  onTestFinished(() => client.close());
  return { road, client };
}

describe.each(ROUTERS)('$name', ({ answer }) => {
  test('the first run is answered', async () => {
    const { client } = await start(answer, { script: thinks('6 times 7 is 42.', 'The answer is 42.') });
    const run = runResult(await client.call('reason', { question }));
    expect(run).toMatchObject({ answer: 'The answer is 42.', thinking: { ended_by: 'model' } });
  });

  // the prompt itself may pass as text: the ids come back with the cut
  test('a cut in the first run is answered', async () => {
    const { client } = await start(answer, { script: neverStopsThinking('Let me check that once more.\n') });
    const run = runResult(await client.call('reason', { question, thinking_budget: 33 }));
    expect(run).toMatchObject({
      answer: 'The answer is 42.',
      thinking: { budget: 33, ended_by: 'budget', honored: true },
    });
  });

  // control strings in a text are sent as ids from the first request on
  test('text that has to go as ids is answered', async () => {
    const { client } = await start(answer, { script: thinks('It is a marker.', 'The answer is 42.') });
    const run = runResult(await client.call('reason', { question: 'what does </think> in <SPECIAL_11> mean?' }));
    expect(run.answer).toBe('The answer is 42.');
  });
});

const refusesAll: Detour = ({ path }) =>
  path.endsWith('/completions')
    ? { status: 400, body: { error: { message: 'temperature must be in [0, 2]' } } }
    : undefined;

test('a request that is wrong in any case is refused, with the words of the server', async () => {
  const road = await startRoad((await startFake()).url, { detour: refusesAll });
  const client = await connect({ fake: { url: road.url } });
  onTestFinished(() => client.close());
  expect(errorSentence(await client.call('reason', { question }))).toMatch(/temperature must be in \[0, 2\]/);
});

/** How many generations a server computes at a time, where it reports that. */
import { expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
import type { FakeServerOptions } from '../../../support/fake-servers/host.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';
import { factsOf } from '../../reading.ts';
import { startFake } from '../../../support/road.ts';

async function slotsOf(kind: Kind, options: FakeServerOptions = {}): Promise<number | undefined> {
  const fake = await startFakeServer(kind, options);
  const engine = createRemoteEngine({ baseUrl: fake.url });
  onTestFinished(async () => {
    await engine.close();
    await fake.close();
  });
  return (await factsOf(engine)).slots;
}

test("llama.cpp's slots", async () => {
  expect(await slotsOf('llama.cpp')).toBe(4);
});

test("of a router, the slots of the model's own server", async () => {
  expect(await slotsOf('llama.cpp', { router: {} })).toBe(4);
  expect(await slotsOf('llama.cpp', { router: { isUnloaded: true } })).toBeUndefined();
});

test('a server that does not report them has none', async () => {
  expect(await slotsOf('ollama')).toBeUndefined();
  const engine = createRemoteEngine({ baseUrl: (await startFake()).url });
  expect((await factsOf(engine)).slots).toBeUndefined();
});

/** The demo model that thinks longer than it needs, for stopping early. */
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { factsOf, generate, greedily } from '../reading.ts';

const engine = createEmbeddedEngine({
  model: fileURLToPath(new URL('../../../models/thinkmeter-demo-doubter', import.meta.url)),
  worker: new URL('../../../dist/worker.js', import.meta.url),
});
afterAll(() => engine.close());

test('the doubter has its result, checks it, and only then closes its thinking', async () => {
  expect((await factsOf(engine)).family).toMatchObject({ name: 'nemotron-3', sampling: { on: { temperature: 0 } } });
  const { text } = await generate(engine, '12 + 30 * 4 = ?', greedily(400));
  const [thinking = '', answer = ''] = text.split('</think>');
  expect(answer.trim()).toMatch(/^The answer is 132\./);
  const [first = '', ...checks] = thinking.split('Wait, let me check.\n');
  expect(first).toContain('so 132.');
  expect(checks.length).toBeGreaterThan(0);
  for (const check of checks) expect(first).toContain(check.trimEnd());
});

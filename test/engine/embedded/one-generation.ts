/**
 * A program that thinks once in its own process and says so on stderr. Then, as it is told, it closes the engine
 * (`close`), closes it in the middle of another generation (`midway`), or leaves it as it is (`open`).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { generate, greedily } from '../reading.ts';

const engine = createEmbeddedEngine({
  model: 'models/thinkmeter-demo',
  worker: new URL('../../../dist/worker.js', import.meta.url),
});
const { text } = await generate(engine, '2 + 3 = ?', greedily(400));
process.stderr.write(`generated: ${text.trim().split('\n').at(-1) ?? ''}\n`);
const mode = process.argv[2];
if (mode === 'midway') {
  const given = generate(engine, '2^10 + 3^5 - 4^3 = ?', greedily(400)).catch(() => undefined);
  await sleep(30);
  await engine.close();
  await given;
}
if (mode === 'close') await engine.close();

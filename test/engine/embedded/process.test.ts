/** The engine inside a process of its own: what it prints, and whether the process can end. */
import { expect, onTestFinished, test } from 'vitest';
import { Program } from '../../support/program.ts';

async function generated(mode: 'close' | 'midway' | 'open'): Promise<Program> {
  const command = [process.execPath, '--import', 'tsx', 'test/engine/embedded/one-generation.ts', mode];
  const program = new Program({ command, input: '' });
  onTestFinished(() => program.kill());
  await expect.poll(() => program.stderr, { timeout: 20_000 }).toContain('generated: The answer is 5.');
  return program;
}

test('a generation keeps the process alive until it is over, and prints nothing on stdout', async () => {
  const program = await generated('close');
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stdout).toBe('');
});

// onnxruntime took the process down when its thread was ended within a token
test('closing in the middle of a generation ends the process in order', async () => {
  const program = await generated('midway');
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

// once reading its stdout did
test('a thread without work does not keep the process alive', async () => {
  const program = await generated('open');
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

/**
 * onnxruntime as WebAssembly, which is part of thinkmeter's own package: it needs no install script and no other package.
 * It computes the same logits on every machine. The native build does not: its int8 arithmetic depends on the processor
 * (the demo's accuracy with a budget of 32 was 24.5 % on one machine and 24.0 % on another). It has a bit more than half of
 * the native build's speed.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';

export type Runtime = {
  readonly Tensor: TensorConstructor;
  /** Loads a model file. */
  create(file: string): Promise<InferenceSession>;
};

export type { InferenceSession, Tensor };

/** `wasm`: the WebAssembly file. */
export async function loadRuntime(wasm: URL): Promise<Runtime> {
  const { InferenceSession: Session, Tensor, env } = await import('onnxruntime-web/wasm');
  // more threads would need workers of their own, which gain nothing for a small model
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = (await readFile(fileURLToPath(wasm))).buffer;
  return { Tensor, create: async (file) => Session.create(await readFile(file)) };
}

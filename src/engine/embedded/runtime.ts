/**
 * onnxruntime: the native package where it is installed, otherwise the WebAssembly build, which is part of thinkmeter's
 * own package. WebAssembly is some five times slower, and needs neither an install script nor another package.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';

export type Runtime = {
  readonly name: 'native' | 'wasm';
  readonly Tensor: TensorConstructor;
  /** Loads a model file. */
  create(file: string): Promise<InferenceSession>;
};

export type { InferenceSession, Tensor };

/** One core stays free: on two busy cores, two threads were measured slower than one (onnxruntime-node 1.30). */
export const THREADS = Math.max(1, availableParallelism() - 1);

/** `wasm`: the WebAssembly file. */
export async function loadRuntime(wasm: URL): Promise<Runtime> {
  return (await native()) ?? bundled(wasm);
}

export async function native(): Promise<Runtime | undefined> {
  try {
    const { InferenceSession: Session, Tensor } = await import('onnxruntime-node');
    const options = { intraOpNumThreads: THREADS };
    return { name: 'native', Tensor, create: (file) => Session.create(file, options) };
  } catch {
    // not installed, or not for this platform
    return undefined;
  }
}

export async function bundled(wasm: URL): Promise<Runtime> {
  const { InferenceSession: Session, Tensor, env } = await import('onnxruntime-web/wasm');
  env.wasm.numThreads = 1;
  env.wasm.wasmBinary = (await readFile(fileURLToPath(wasm))).buffer;
  return { name: 'wasm', Tensor, create: async (file) => Session.create(await readFile(file)) };
}

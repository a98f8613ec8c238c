/** Whether a model, its window and its batch fit into a GPU. Arithmetic only; GiB throughout. */
import type { ServableModel, Weights } from './models.ts';

const GIB = 1024 ** 3;

/** Bytes of a number: the KV cache in bfloat16, the Mamba state in float32, as the model card asks for. */
const KV_BYTES = 2;
const STATE_BYTES = 4;

/** Activations, CUDA graphs and the runtime: about so much, and more with a bigger batch of prompt tokens. */
const RUNTIME_GIB = 1;
const PER_1K_BATCHED_TOKENS_GIB = 0.05;

export type Demand = {
  /** of the GPU */
  readonly gpuMemory: number;
  /** of it, vLLM's share: 0 to 1 */
  readonly utilization: number;
  /** tokens */
  readonly context: number;
  readonly sequences: number;
  readonly batchedTokens: number;
};

export type Memory = {
  readonly available: number;
  readonly weights: number;
  readonly runtime: number;
  /** of all sequences */
  readonly states: number;
  /** of one sequence at full length */
  readonly kvPerSequence: number;
  /** what is left for the KV cache */
  readonly kvRoom: number;
  /** sequences at full length that fit at a time */
  readonly fullSequences: number;
};

export function memoryOf(model: ServableModel, weights: Weights, demand: Demand): Memory {
  const { attention, mamba, parameters } = model;
  const available = demand.gpuMemory * demand.utilization;
  const ofWeights = (parameters * 1e9 * weights.bytesPerParameter) / GIB;
  const runtime = RUNTIME_GIB + (PER_1K_BATCHED_TOKENS_GIB * demand.batchedTokens) / 1024;
  const kvPerToken = 2 * attention.layers * attention.kvHeads * attention.headSize * KV_BYTES;
  const kvPerSequence = (kvPerToken * demand.context) / GIB;
  const statePerSequence = mamba.layers * mamba.heads * mamba.headSize * mamba.state * STATE_BYTES;
  const states = (statePerSequence * demand.sequences) / GIB;
  const kvRoom = available - ofWeights - runtime - states;
  const fullSequences = Math.max(0, kvRoom / kvPerSequence);
  return { available, weights: ofWeights, runtime, states, kvPerSequence, kvRoom, fullSequences };
}

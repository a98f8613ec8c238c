/**
 * What a Nemotron takes of a GPU, a row each. Layers and heads are from the models' `config.json` (`hybrid_override_pattern`,
 * `num_key_value_heads`, `mamba_num_heads`, …), parameters from their cards; sizes of quantized weights are rounded up from
 * the published checkpoints.
 */
export type ServableModel = {
  /** of the hub */
  readonly id: string;
  readonly pattern: RegExp;
  /** 10^9 */
  readonly parameters: number;
  /** longest that it was made for, in tokens */
  readonly window: number;
  readonly attention: { readonly layers: number; readonly kvHeads: number; readonly headSize: number };
  readonly mamba: {
    readonly layers: number;
    readonly heads: number;
    readonly headSize: number;
    readonly state: number;
  };
  /** weights that are published, the most exact first: the suffix of the id */
  readonly weights: readonly Weights[];
  /** what vLLM calls its parser, where it has one built in */
  readonly parser?: string;
  readonly closer: string;
  readonly leastVllm: string;
};

export type Weights = {
  readonly name: 'BF16' | 'FP8' | 'NVFP4';
  readonly suffix: string;
  readonly bytesPerParameter: number;
};

const BF16: Weights = { name: 'BF16', suffix: '', bytesPerParameter: 2 };
const FP8: Weights = { name: 'FP8', suffix: '-FP8', bytesPerParameter: 1.15 };
const NVFP4: Weights = { name: 'NVFP4', suffix: '-NVFP4', bytesPerParameter: 0.7 };

const nano2 = {
  weights: [BF16, FP8, NVFP4],
  window: 131_072,
  closer: '\n</think>\n\n',
  leastVllm: '0.10.1',
} as const;

const nemotron3 = {
  weights: [{ ...BF16, suffix: '-BF16' }, FP8, NVFP4],
  parser: 'nemotron_v3',
  closer: '\n</think>\n',
} as const;

export const SERVABLE: readonly ServableModel[] = [
  {
    ...nano2,
    id: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
    pattern: /nano-9b-v2/i,
    parameters: 8.9,
    attention: { layers: 4, kvHeads: 8, headSize: 128 },
    mamba: { layers: 27, heads: 128, headSize: 80, state: 128 },
  },
  {
    ...nano2,
    id: 'nvidia/NVIDIA-Nemotron-Nano-12B-v2',
    pattern: /nano-12b-v2/i,
    parameters: 12.3,
    attention: { layers: 6, kvHeads: 8, headSize: 128 },
    mamba: { layers: 28, heads: 128, headSize: 80, state: 128 },
  },
  {
    ...nemotron3,
    id: 'nvidia/NVIDIA-Nemotron-3-Nano-4B',
    pattern: /nemotron-3-nano-4b/i,
    parameters: 4,
    window: 262_144,
    attention: { layers: 4, kvHeads: 8, headSize: 128 },
    mamba: { layers: 21, heads: 96, headSize: 80, state: 128 },
    weights: [{ ...BF16, suffix: '-BF16' }, FP8],
    leastVllm: '0.17.1',
  },
  {
    ...nemotron3,
    id: 'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B',
    pattern: /nemotron-3-nano-30b/i,
    parameters: 31.6,
    window: 262_144,
    attention: { layers: 6, kvHeads: 2, headSize: 128 },
    mamba: { layers: 23, heads: 64, headSize: 64, state: 128 },
    leastVllm: '0.17.1',
  },
  {
    ...nemotron3,
    id: 'nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B',
    pattern: /nemotron-3\.5-lightning/i,
    parameters: 31.6,
    window: 1_048_576,
    attention: { layers: 6, kvHeads: 2, headSize: 128 },
    mamba: { layers: 23, heads: 64, headSize: 64, state: 128 },
    weights: [{ ...BF16, suffix: '-BF16' }, NVFP4],
    leastVllm: '0.27.1',
  },
];

/** The `vllm serve` command for a model, a GPU and a window, each flag with its reason. */
import { ConfigError } from '../errors.ts';
import { memoryOf, type Demand, type Memory } from './memory.ts';
import { SERVABLE, type ServableModel, type Weights } from './models.ts';

export const PROFILES = ['low-latency', 'high-throughput'] as const;
export type Profile = (typeof PROFILES)[number];

export type ServeRequest = {
  readonly model: string;
  readonly gpuMemory: number;
  readonly utilization: number;
  /** default: the model's own window */
  readonly context: number | undefined;
  /** default: by the profile */
  readonly sequences: number | undefined;
  readonly profile: Profile;
  readonly port: number;
};

export type Flag = { readonly flag: string; readonly value?: string; readonly why: string };

export type ServeCommand = {
  /** as the hub names it */
  readonly model: string;
  readonly flags: readonly Flag[];
  readonly memory: Memory;
  readonly weights: Weights['name'];
  readonly notes: readonly string[];
};

/** Prompt tokens that are computed in one step: small ones do not hold up the tokens of others. */
const BATCHED_TOKENS: Record<Profile, number> = { 'low-latency': 4096, 'high-throughput': 16_384 };
const SEQUENCES: Record<Profile, number> = { 'low-latency': 4, 'high-throughput': 64 };

/** @throws {ConfigError} when the model is not known, or does not fit with any weights */
export function serveCommand(request: ServeRequest): ServeCommand {
  const model = findModel(request.model);
  const context = Math.min(request.context ?? model.window, model.window);
  const sequences = request.sequences ?? SEQUENCES[request.profile];
  const batchedTokens = BATCHED_TOKENS[request.profile];
  const demand: Demand = { ...request, context, sequences, batchedTokens };
  const wanted = model.weights.filter(({ suffix }) => suffix !== '' && request.model.endsWith(suffix));
  const candidates = wanted.length > 0 ? wanted : model.weights;
  const sized = candidates.map((weights) => ({ weights, memory: memoryOf(model, weights, demand) }));
  const fitting = sized.find(({ memory }) => memory.fullSequences >= 1);
  if (fitting === undefined) throw tooLarge(model, sized.at(-1)?.memory, demand);
  const { weights, memory } = fitting;
  return {
    model: model.id + weights.suffix,
    weights: weights.name,
    memory,
    flags: flagsFor(model, demand, request),
    notes: notesOn(model, sized[0]?.memory, { ...fitting, demand, asked: request }),
  };
}

function flagsFor(model: ServableModel, demand: Demand, { port, profile }: ServeRequest): Flag[] {
  const budget: Flag[] =
    model.parser === undefined
      ? []
      : [
          {
            flag: '--reasoning-parser',
            value: model.parser,
            why: "enables the server's own thinking budget; thinkmeter also works without it",
          },
          {
            flag: '--reasoning-config',
            value: JSON.stringify({ reasoning_start_str: '<think>', reasoning_end_str: model.closer }),
            why: 'ends that budget with the text that the model was trained to end with',
          },
        ];
  return [
    { flag: '--port', value: String(port), why: "vLLM's usual port, which thinkmeter tries first" },
    { flag: '--trust-remote-code', why: "the model card's command sets it" },
    { flag: '--mamba_ssm_cache_dtype', value: 'float32', why: 'older vLLM versions lose accuracy without it' },
    { flag: '--max-model-len', value: String(demand.context), why: 'prompt, thinking and answer share this window' },
    {
      flag: '--max-num-seqs',
      value: String(demand.sequences),
      why: `requests computed at the same time; each one keeps a Mamba state (${profile})`,
    },
    { flag: '--gpu-memory-utilization', value: String(demand.utilization), why: "vLLM's share of the GPU's memory" },
    { flag: '--enable-chunked-prefill', why: 'a long prompt does not delay the tokens of other requests' },
    {
      flag: '--max-num-batched-tokens',
      value: String(demand.batchedTokens),
      why: profile === 'low-latency' ? 'small steps: tokens arrive evenly' : 'large steps: more prompts per second',
    },
    { flag: '--enable-prefix-caching', why: 'after a cut, the prompt and the thinking need not be computed again' },
    {
      flag: '--mamba-cache-mode',
      value: 'align',
      why: 'enables prefix caching on a Mamba hybrid (newer than vLLM 0.13); only large blocks hit the cache',
    },
    ...budget,
  ];
}

type Choice = {
  readonly weights: Weights;
  readonly memory: Memory;
  readonly demand: Demand;
  readonly asked: ServeRequest;
};

function notesOn(
  model: ServableModel,
  exact: Memory | undefined,
  { weights, memory, demand, asked }: Choice,
): string[] {
  const notes: string[] = [
    `vLLM ${model.leastVllm} or newer is required; the sizes are estimates, vLLM's log shows the real ones`,
  ];
  if (exact !== undefined && exact !== memory) {
    notes.push(
      `BF16 weights take ${gib(exact.weights)} of the ${gib(exact.available)} available and leave no room for ${demand.context} tokens, so ${weights.name} was chosen; for BF16, raise --utilization or shorten --context`,
    );
  }
  if (memory.fullSequences < demand.sequences) {
    notes.push(
      `at the full ${demand.context} tokens, ${memory.fullSequences.toFixed(1)} of ${demand.sequences} requests fit; if all requests are that long, some wait`,
    );
  }
  if (asked.context !== undefined && asked.context > model.window) {
    notes.push(
      `the window was lowered from ${asked.context} to ${model.window}, the longest that the model was made for`,
    );
  }
  return notes;
}

function findModel(name: string): ServableModel {
  const model = SERVABLE.find(({ pattern }) => pattern.test(name));
  if (model !== undefined) return model;
  throw new ConfigError(`the model ${name} is unknown`, {
    hint: `known models are ${SERVABLE.map(({ id }) => id).join(', ')}; each takes the suffix -FP8 or -NVFP4, if such weights are published`,
  });
}

function tooLarge(
  model: ServableModel,
  least: Memory | undefined,
  { gpuMemory, utilization, context }: Demand,
): ConfigError {
  const room =
    least === undefined
      ? ''
      : `: the smallest weights take ${gib(least.weights)} and one sequence ${gib(least.kvPerSequence)}`;
  return new ConfigError(
    `${model.id} with ${context} tokens does not fit into ${gpuMemory} GiB at a utilization of ${utilization}${room}`,
    { hint: 'shorten --context, raise --utilization, or use a larger GPU' },
  );
}

export function gib(amount: number): string {
  return `${amount.toFixed(1)} GiB`;
}

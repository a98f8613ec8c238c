/** The command for a server: what fits is proposed, what does not is refused with the numbers. */
import { expect, test } from 'vitest';
import { serveCommand, type ServeRequest } from '../../src/serving/command.ts';
import { SERVABLE } from '../../src/serving/models.ts';

const NANO_9B = 'nvidia/NVIDIA-Nemotron-Nano-9B-v2';
/** The guide's example: an A10G. */
const A10G: ServeRequest = {
  model: NANO_9B,
  gpuMemory: 22,
  utilization: 0.8,
  context: 131_072,
  sequences: 4,
  profile: 'low-latency',
  port: 8000,
};

const flagOf = (request: ServeRequest, name: string): string | undefined =>
  serveCommand(request).flags.find(({ flag }) => flag === name)?.value;

test.each([
  { name: 'BF16 does not leave room for the window: FP8', more: {}, weights: 'FP8' },
  { name: 'a shorter window does not help BF16 at 0.8 either', more: { context: 8192 }, weights: 'FP8' },
  { name: 'more of the memory does', more: { utilization: 0.95 }, weights: 'BF16' },
  { name: 'a larger GPU', more: { gpuMemory: 48 }, weights: 'BF16' },
  { name: 'a small one', more: { gpuMemory: 12 }, weights: 'NVFP4' },
  { name: 'weights that were named', more: { gpuMemory: 80, model: `${NANO_9B}-NVFP4` }, weights: 'NVFP4' },
])('the most exact weights that fit: $name', ({ more, weights }) => {
  expect(serveCommand({ ...A10G, ...more }).weights).toBe(weights);
});

test('what is proposed fits, and says what is shared', () => {
  const { model, memory, notes } = serveCommand(A10G);
  expect(model).toBe(`${NANO_9B}-FP8`);
  const { available, weights, runtime, states, kvRoom } = memory;
  expect(weights + runtime + states + kvRoom).toBeCloseTo(available);
  expect(available).toBeCloseTo(17.6);
  expect(notes.join()).toMatch(/BF16 weights take 16\.6 GiB of the 17\.6 GiB/);
  expect(notes.join()).toMatch(/at the full 131072 tokens, 3\.\d of 4 requests fit/);
});

test.each([
  { flag: '--max-model-len', more: {}, value: '131072' },
  { flag: '--max-model-len', more: { context: undefined }, value: '131072' },
  { flag: '--max-model-len', more: { context: 500_000 }, value: '131072' },
  { flag: '--max-num-seqs', more: { sequences: undefined }, value: '4' },
  { flag: '--max-num-seqs', more: { sequences: undefined, profile: 'high-throughput', gpuMemory: 80 }, value: '64' },
  { flag: '--max-num-batched-tokens', more: {}, value: '4096' },
  { flag: '--max-num-batched-tokens', more: { profile: 'high-throughput', gpuMemory: 80 }, value: '16384' },
  { flag: '--mamba_ssm_cache_dtype', more: {}, value: 'float32' },
  { flag: '--reasoning-parser', more: {}, value: undefined },
  {
    flag: '--reasoning-parser',
    more: { model: 'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B', gpuMemory: 80 },
    value: 'nemotron_v3',
  },
] as const)('$flag is $value with $more', ({ flag, more, value }) => {
  expect(flagOf({ ...A10G, ...more }, flag)).toBe(value);
});

test('every flag has its reason', () => {
  for (const { id } of SERVABLE) {
    const { flags } = serveCommand({ ...A10G, model: id, gpuMemory: 141, context: undefined });
    for (const { why } of flags) expect(why).not.toBe('');
  }
});

test.each([
  { name: 'a model without a row', more: { model: 'gpt-5' }, says: /the model gpt-5 is unknown/ },
  {
    name: 'too small a GPU',
    more: { gpuMemory: 4 },
    says: /does not fit into 4 GiB at a utilization of 0\.8: the smallest weights/,
  },
])('$name is refused, with the way on', ({ more, says }) => {
  expect(() => serveCommand({ ...A10G, ...more })).toThrow(says);
});

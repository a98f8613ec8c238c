import { describeSetup } from './suite.ts';

// vLLM looks for the ids of `<think>` alone, which such a tokenizer never makes
describeSetup('thinkmeter-demo with a reasoning parser', {
  model: 'thinkmeter-demo',
  args: ['--reasoning-parser', 'nemotron_v3'],
  native: 'ignores',
});

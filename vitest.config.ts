import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // what needs a real vLLM runs by `npm run test:vllm`, what needs a real host by `npm run test:hosts`
    exclude: ['test/vllm/**', 'test/hosts/**', 'node_modules/**'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // a state that is reached soon: a busy machine takes longer than the second that is the default
    expect: { poll: { timeout: 10_000 } },
  },
});

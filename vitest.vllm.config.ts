import { defineConfig } from 'vitest/config';

/** `npm run test:vllm`: against real vLLM servers on this machine's cores, one after the other. */
export default defineConfig({
  test: {
    include: ['test/vllm/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    fileParallelism: false,
    // a server that starves on two cores may hold a stream back, and then has generated what a cut would have saved
    retry: 4,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

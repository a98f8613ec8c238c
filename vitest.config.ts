import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // what needs a real vLLM runs by `npm run test:vllm`, what needs a real host by `npm run test:hosts`
    exclude: ['test/vllm/**', 'test/hosts/**', 'node_modules/**'],
    globalSetup: ['test/support/build.ts'],
    // only for what hangs: on a busy machine a test takes several times as long as on an idle one
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // a state that is reached soon: a busy machine takes longer than the second that is the default
    expect: { poll: { timeout: 10_000 } },
  },
});

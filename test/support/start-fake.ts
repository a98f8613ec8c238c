/** A fake vLLM that ends with its test. */
import { onTestFinished } from 'vitest';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from './fake-vllm/server.ts';

export async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

/** Requests to a path so far. */
export function times({ requests }: Pick<FakeVllm, 'requests'>, path: string): number {
  return requests.filter((request) => request.path === path).length;
}

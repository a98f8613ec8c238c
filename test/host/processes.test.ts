import { expect, test } from 'vitest';
import { parseProcesses, serverMemory } from '../../src/host/processes.ts';

const LISTING = `
 1048576 /usr/bin/python /usr/local/bin/vllm serve nvidia/NVIDIA-Nemotron-Nano-9B-v2
  524288 VLLM::EngineCore
    2048 /bin/bash
  102400 node /opt/thinkmeter/dist/main.js monitor
`;

test('the processes of the server, together', () => {
  expect(parseProcesses(LISTING, /\bvllm serve |VLLM::/)).toEqual({ processes: 2, residentMiB: 1536 });
});

test('none is none, not nothing', () => {
  expect(parseProcesses(LISTING, /llama-server/)).toBeUndefined();
});

test.each([
  { name: "another machine's", server: { address: 'http://gpu-box:8000', program: /./ } },
  { name: 'a kind without a program of its own', server: { address: 'http://localhost:8000' } },
])('$name memory is not looked for', async ({ server }) => {
  expect(await serverMemory(server)).toBeUndefined();
});

test("this machine's is, by the command lines of its processes", async () => {
  const found = await serverMemory({ address: 'http://127.0.0.1:8000', program: /node/ });
  expect(found?.processes).toBeGreaterThan(0);
  expect(found?.residentMiB).toBeGreaterThan(0);
});

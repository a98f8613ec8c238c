/** The command on stdout, to be pasted; the reasons on stderr. */
import { expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';

test('the command alone goes to stdout, and a shell reads it', async () => {
  const { code, stdout, stderr } = await runProgram({ args: ['serve-model'] });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^vllm serve nvidia\/NVIDIA-Nemotron-Nano-9B-v2-FP8 \\\n {2}--port 8000 \\\n/);
  expect(stdout.split('\n').filter((line) => line.endsWith('\\'))).toHaveLength(10);
  expect(stderr).toMatch(/--max-num-seqs +requests computed at the same time/);
  expect(stderr).toMatch(/memory: 17\.6 GiB for vLLM/);
});

test('a value with line ends is quoted for the shell', async () => {
  const args = ['serve-model', 'nvidia/NVIDIA-Nemotron-3-Nano-4B', '--gpu-memory', '80'];
  const { stdout } = await runProgram({ args });
  expect(stdout).toContain(
    `--reasoning-config $'{"reasoning_start_str":"<think>","reasoning_end_str":"\\\\n</think>\\\\n"}'`,
  );
});

test('as JSON: the words of the command', async () => {
  const { stdout } = await runProgram({ args: ['serve-model', '--json', '--port', '8100'] });
  const { command } = JSON.parse(stdout) as { command: string[] };
  expect(command.slice(0, 3)).toEqual(['vllm', 'serve', 'nvidia/NVIDIA-Nemotron-Nano-9B-v2-FP8']);
  expect(command).toContain('8100');
});

test.each([
  { args: ['--gpu-memory', 'big'], says: '--gpu-memory is big' },
  { args: ['--utilization', '1.5'], says: '--utilization is 1.5, but must be a number from 0.1 to 0.99' },
  { args: ['--context', '1.5'], says: '--context is 1.5, but must be a whole number' },
  { args: ['--for', 'speed'], says: '--for is speed, but must be low-latency or high-throughput' },
])('$args is refused with what it has to be', async ({ args, says }) => {
  const { code, stdout, stderr } = await runProgram({ args: ['serve-model', ...args] });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(says);
});

test('--run without vLLM says that it is not there', async () => {
  const { code, stderr } = await runProgram({ args: ['serve-model', '--run'], env: { PATH: '/nowhere' } });
  expect(code).toBe(1);
  expect(stderr).toContain('thinkmeter: The program vllm could not be started. Install it');
});

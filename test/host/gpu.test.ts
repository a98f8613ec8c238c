/** What the tools print, read; what a card does not tell is left out. */
import { expect, test } from 'vitest';
import { parseApple, parseNvidia } from '../../src/host/gpu.ts';

test('a line a card', () => {
  const printed = 'NVIDIA A10G, 37, 18123, 23028, 148.21\nNVIDIA A10G, 0, 3, 23028, 21.00\n';
  expect(parseNvidia(printed)).toEqual([
    { name: 'NVIDIA A10G', busy: 37, usedMiB: 18_123, totalMiB: 23_028, watts: 148.21 },
    { name: 'NVIDIA A10G', busy: 0, usedMiB: 3, totalMiB: 23_028, watts: 21 },
  ]);
});

test('a figure that a card does not have is absent', () => {
  expect(parseNvidia('NVIDIA GB10, [N/A], [N/A], [N/A], 12.5\n')).toEqual([{ name: 'NVIDIA GB10', watts: 12.5 }]);
});

test('nothing printed is no card', () => {
  expect(parseNvidia('')).toEqual([]);
  expect(parseApple('')).toEqual([]);
});

test("an Apple GPU, from the registry's text", () => {
  const printed =
    '+-o AGXAcceleratorG14X\n  "model" = "Apple M2 Max"\n  "PerformanceStatistics" = {"In use system memory"=2147483648,"Device Utilization %"=42}\n';
  expect(parseApple(printed)).toEqual([{ name: 'Apple M2 Max', busy: 42, usedMiB: 2048 }]);
});

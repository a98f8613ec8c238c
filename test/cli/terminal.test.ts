/** What a person sees at a terminal: the live meter, dimmed words, a table. Nothing of it in a pipe. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/budget/values.ts';
import { Meter } from '../../src/cli/meter.ts';
import { toTable } from '../../src/cli/table.ts';
import { dimmed, StatusLine, type Terminal } from '../../src/cli/terminal.ts';

type Options = { readonly isTTY: boolean; readonly color?: boolean; readonly columns?: number };

function terminal({ isTTY, color = true, columns = 80 }: Options): Terminal & { written(): string } {
  const stderr = Object.assign(new PassThrough(), { isTTY, columns });
  return {
    stdin: new PassThrough(),
    stdout: Object.assign(new PassThrough(), { isTTY }),
    stderr,
    color,
    written: () => String(stderr.read() ?? ''),
  };
}

const thinking = (thinkingTokens: number): Progress => ({ phase: 'thinking', thinkingTokens, answerTokens: 0 });

describe('dimmed text', () => {
  const rows = [
    { name: 'is dim on a terminal', options: { isTTY: true }, dim: true },
    { name: 'is plain under NO_COLOR', options: { isTTY: true, color: false }, dim: false },
    { name: 'is plain in a pipe', options: { isTTY: false }, dim: false },
  ];

  test.each(rows)('$name', ({ options, dim }) => {
    expect(dimmed('x', terminal(options))).toBe(dim ? '\u001B[2mx\u001B[22m' : 'x');
  });
});

describe('the meter', () => {
  test('shows a bar and the tokens, and leaves no trace', () => {
    const screen = terminal({ isTTY: true });
    const meter = new Meter(screen, () => 0);
    meter.show(thinking(64), 128);
    expect(screen.written()).toBe(`\r\u001B[2K${'█'.repeat(12)}${'░'.repeat(12)} thinking: 64 thinking tokens`);
    meter.clear();
    expect(screen.written()).toBe('\r\u001B[2K');
  });

  test('is full, not fuller, beyond its budget, and empty without one', () => {
    for (const { budget, bar } of [
      { budget: 10, bar: '█'.repeat(24) },
      { budget: 0, bar: '░'.repeat(24) },
    ]) {
      const screen = terminal({ isTTY: true });
      new Meter(screen, () => 0).show(thinking(99), budget);
      expect(screen.written()).toContain(`${bar} `);
    }
  });

  test('is not drawn more often than an eye can follow, and stays in its line', () => {
    let now = 0;
    const screen = terminal({ isTTY: true, columns: 40 });
    const meter = new Meter(screen, () => now);
    for (; now < 1000; now += 1) meter.show(thinking(now), 1000);
    const drawn = screen.written().split('\r\u001B[2K').slice(1);
    expect(drawn.length).toBeLessThanOrEqual(13);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(40);
  });

  test('writes nothing in a pipe', () => {
    const screen = terminal({ isTTY: false });
    const meter = new Meter(screen, () => 0);
    meter.show(thinking(1), 2);
    meter.clear();
    expect(screen.written()).toBe('');
  });

  test('shows how much of a model is loaded', () => {
    const screen = terminal({ isTTY: true });
    const message = 'loading model.onnx 50 %';
    new Meter(screen, () => 0).show({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }, 128);
    expect(screen.written()).toContain(`${'█'.repeat(12)}${'░'.repeat(12)} loading`);
  });
});

describe('the status line', () => {
  test('shows what a command is doing, within the width of the terminal, and leaves no trace', () => {
    const screen = terminal({ isTTY: true, columns: 12 });
    const line = new StatusLine(screen);
    line.show('testing the server …');
    expect(screen.written()).toBe('\r\u001B[2Ktesting the');
    line.clear();
    expect(screen.written()).toBe('\r\u001B[2K');
    line.clear();
    expect(screen.written()).toBe('');
  });

  test('writes nothing in a pipe', () => {
    const screen = terminal({ isTTY: false });
    const line = new StatusLine(screen);
    line.show('x');
    line.clear();
    expect(screen.written()).toBe('');
  });
});

test('a table sets numbers to the right and words to the left', () => {
  const rows = [
    ['0', 'off', '5 ms'],
    ['512', 'model', '1200 ms'],
  ];
  expect(toTable(['budget', 'ended by', 'time'], rows).split('\n')).toEqual([
    'budget  ended by     time',
    '──────  ────────  ───────',
    '     0  off          5 ms',
    '   512  model     1200 ms',
  ]);
});

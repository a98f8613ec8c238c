/** The rhythm of progress on a clock turned by hand: at most one a second, at least one every five, none at the end. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../src/budget/values.ts';
import { ProgressReporter } from '../../src/mcp/progress.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Sent = { readonly at: number; readonly elapsed: number; readonly message: string };

function start(): { clock: FakeClock; reporter: ProgressReporter; sent: Sent[] } {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const reporter = new ProgressReporter((one) => sent.push({ at: clock.now(), ...one }), clock, clock.now());
  return { clock, reporter, sent };
}

const thinking = (thinkingTokens: number): Progress => ({ phase: 'thinking', thinkingTokens, answerTokens: 0 });

test('a call that is over within a second sends nothing', async () => {
  const { clock, reporter, sent } = start();
  reporter.report(thinking(1));
  await clock.advance(999);
  reporter.report(thinking(2));
  reporter.end();
  await clock.advance(60_000);
  expect(sent).toEqual([]);
});

test('silence is broken before five seconds are over, again and again', async () => {
  const { clock, sent } = start();
  await clock.advance(14_000);
  expect(sent.map(({ elapsed, message }) => [elapsed, message])).toEqual([
    [4.5, 'waiting for the model'],
    [9, 'waiting for the model'],
    [13.5, 'waiting for the model'],
  ]);
});

test('the message tells phase and tokens as they are when it is sent', async () => {
  const { clock, reporter, sent } = start();
  await clock.advance(1000);
  reporter.report(thinking(7));
  reporter.report(thinking(8));
  await clock.advance(4500);
  reporter.report({ phase: 'answering', thinkingTokens: 8, answerTokens: 2 });
  expect(sent.map(({ message }) => message)).toEqual(['thinking: 7 thinking tokens', 'thinking: 8 thinking tokens']);
  await clock.advance(900);
  reporter.report({ phase: 'answering', thinkingTokens: 8, answerTokens: 3 });
  await clock.advance(100);
  expect(sent.at(-1)?.message).toBe('answering: 8 thinking tokens, 3 answer tokens');
});

test('a new phase is told within a second, also if no other report follows', async () => {
  const { clock, reporter, sent } = start();
  await clock.advance(400);
  reporter.report({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message: 'loading the model' });
  await clock.advance(600);
  expect(sent).toMatchObject([{ elapsed: 1, message: expect.stringContaining('loading the model') }]);
});

describe('whenever reports come', () => {
  const steps = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 7000 }), report: fc.boolean() }), {
    maxLength: 60,
  });

  test('there is at most one a second, one every five, elapsed rises, and none comes after the end', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { clock, reporter, sent } = start();
        const begun = clock.now();
        for (const { wait, report } of list) {
          // oxlint-disable-next-line no-await-in-loop -- time goes one way
          await clock.advance(wait);
          if (report) reporter.report(thinking(1));
        }
        const over = clock.now();
        reporter.end();
        reporter.report(thinking(2));
        await clock.advance(60_000);
        expect(clock.timers).toBe(0);
        const times = [begun, ...sent.map(({ at }) => at)];
        const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
        expect(Math.min(1000, ...gaps)).toBe(1000);
        expect(Math.max(0, ...gaps, over - (times.at(-1) ?? 0))).toBeLessThanOrEqual(5000);
        const elapsed = sent.map((one) => one.elapsed);
        expect(elapsed).toEqual([...new Set(elapsed)].toSorted((a, b) => a - b));
      }),
    );
  });
});

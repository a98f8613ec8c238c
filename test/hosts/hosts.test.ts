/**
 * Real hosts with the block that `thinkmeter init` writes, a scripted model in front, and a fake vLLM behind thinkmeter:
 * what the model gets of a result, and whether a call lasts and ends as its host wants.
 */
import { describe, expect, test } from 'vitest';
import { startFake } from '../support/start-fake.ts';
import { EIGHT, ENDLESS, ENDLESS_CALL, generations, inTheMiddle, NINE, SCRIPT, SEVEN, stopOf } from './engine.ts';
import { HOSTS } from './hosts.ts';
import { HOST_NAMES, isHostInstalled, PACKAGES } from './installed.ts';
import { resultOf, signalHost, startHost, startRecorded, startSession, type RecordedHost } from './start.ts';

const TOOLS = ['analyze_batch', 'answer_fast', 'execute_step', 'reason', 'server_status', 'tune_budget'];

const ITEMS = ['Is seven odd?', 'Is eight odd?'];
/** Some models write a list as JSON text (anthropics/claude-code#22394). */
const ITEMS_AS_TEXT = JSON.stringify(ITEMS);
const BATCH = { instruction: 'Decide.', thinking_budget: 64 } as const;

/** Ctrl-C, and a host that ends without a message to its servers. */
const SIGNALS = ['SIGINT', 'SIGKILL'] as const;

function callsOf({ recorder }: RecordedHost): readonly unknown[] {
  return recorder
    .sent()
    .filter(({ method }) => method === 'tools/call')
    .map(({ params }) => params);
}

function isCancelled({ recorder }: RecordedHost): boolean {
  return recorder.sent().some(({ method }) => method === 'notifications/cancelled');
}

describe.each(HOST_NAMES)('%s', (name) => {
  const { package: npmPackage, version } = PACKAGES[name];
  const { listAsText, cancelsCalls, passes } = HOSTS[name];
  const installed = isHostInstalled(name);
  if (!installed) process.stderr.write(`NOT RUN: ${name}. \`npm run hosts:install\` installs it.\n`);

  describe.skipIf(!installed)(`${npmPackage} ${version}`, () => {
    test('lists the tools, calls reason, and gives its model the answer', async () => {
      const fake = await startFake({ script: SCRIPT });
      const args = { question: 'Is seven odd?', thinking_budget: 64 };
      const started = await startHost(name, fake, { tool: 'reason', args });
      const result = await resultOf(started);
      expect([...started.model.offered].map((it) => it.replace(/^.*thinkmeter_*/, '')).toSorted()).toEqual(TOOLS);
      expect(result).toContain(SEVEN);
      expect({
        text: result.includes('[thinking 11 of 64 tokens'),
        structured: result.includes(`"answer":"${SEVEN}"`),
        link: result.includes('thinkmeter://runs/'),
      }).toEqual(passes);
    });

    test.each([
      { written: ITEMS, sent: ITEMS },
      { written: ITEMS_AS_TEXT, sent: listAsText === 'sent as list' ? ITEMS : ITEMS_AS_TEXT },
    ])('analyze_batch gets the items, written as $written', async ({ written, sent }) => {
      const isRefused = written === ITEMS_AS_TEXT && listAsText === 'refused';
      const fake = await startFake({ script: SCRIPT });
      const args = { ...BATCH, items: written };
      const started = await startRecorded(name, fake, { tool: 'analyze_batch', args });
      const result = await resultOf(started);
      expect(callsOf(started)).toMatchObject(isRefused ? [] : [{ arguments: { ...BATCH, items: sent } }]);
      for (const part of isRefused ? ['items must be array'] : [SEVEN, EIGHT]) expect(result).toContain(part);
    });

    test('a call of 20 seconds, with progress, is not cut', async () => {
      const fake = await startFake({ script: SCRIPT, msPerToken: 200 });
      const args = { question: 'Is nine odd?', thinking_budget: 100, max_seconds: 100 };
      const started = await startRecorded(name, fake, { tool: 'reason', args });
      expect(await resultOf(started)).toContain(NINE);
      expect(callsOf(started)).toMatchObject([{ _meta: { progressToken: expect.anything() as unknown } }]);
      expect(generations(fake).reduce((sum, { sentTokens }) => sum + sentTokens, 0)).toBeGreaterThan(100);
    });

    // reported of all four, fixed in three: openai/codex#26956, anomalyco/opencode#24312, googleapis/js-genai#1054
    test.runIf(cancelsCalls)('an interrupt in a session stops the engine in the middle of a call', async () => {
      const fake = await startFake(ENDLESS);
      const session = await startSession(name, fake, ENDLESS_CALL);
      await inTheMiddle(fake, session);
      expect(await stopOf(fake, session.interrupt)).toEqual([true]);
      await expect.poll(() => isCancelled(session)).toBe(true);
      expect(session.host.child.exitCode).toBeNull();
    });

    test.runIf(!cancelsCalls)('an interrupt in a session is not reported, and max_seconds ends the call', async () => {
      const fake = await startFake(ENDLESS);
      const args = { ...ENDLESS_CALL.args, max_seconds: 15 };
      const session = await startSession(name, fake, { tool: 'reason', args });
      await inTheMiddle(fake, session);
      session.interrupt();
      await expect.poll(() => session.host.stdout).toContain('"stopReason":"cancelled"');
      expect(fake.running()).toBe(1);
      await expect.poll(() => generations(fake).at(0)?.aborted).toBe(true);
      expect(isCancelled(session)).toBe(false);
    });

    test.each(SIGNALS)('its end by %s stops the engine in the middle of a call', async (signal) => {
      const fake = await startFake(ENDLESS);
      const started = await startHost(name, fake, ENDLESS_CALL);
      await inTheMiddle(fake, started);
      expect(await stopOf(fake, () => signalHost(started.host, signal))).toEqual([true]);
    });
  });
});

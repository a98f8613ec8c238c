/**
 * The end of stdin: what runs may be answered for five seconds more, unless nobody reads the answers.
 * modelcontextprotocol/python-sdk#2678, paiml/aprender#2608, #2393: a piped check never saw its tool result.
 */
import { PassThrough, Writable } from 'node:stream';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { State } from '../../src/state/state.ts';
import { Tunings } from '../../src/state/tunings.ts';
import { Profiles } from '../../src/tuning/profiles/profiles.ts';
import { serveUntilGone } from '../../src/cli/serve.ts';
import { createLog } from '../../src/log.ts';
import { connect } from '../support/connect.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { runProgram } from '../support/program.ts';
import { remoteRunner } from '../support/remote-runner.ts';

const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a pipe', version: '1' } },
};

const reason = (id: number, args: object = {}): object => ({
  id,
  method: 'tools/call',
  params: { name: 'reason', arguments: { question: 'x', ...args } },
});

const toLines = (...messages: readonly object[]): string =>
  messages.map((message) => JSON.stringify({ jsonrpc: '2.0', ...message })).join('\n');

async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

describe('the program at the end of a pipe', () => {
  const smoke = toLines(
    INITIALIZE,
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
    reason(3),
    reason(4),
  );
  // `printf` without a last line end, and `echo` with one
  const inputs = [
    { name: 'with a last line end', input: `${smoke}\n` },
    { name: 'without one', input: smoke },
  ];

  test.each(inputs)('answers everything and ends with 0, $name', async ({ input }) => {
    const fake = await startFake({ script: thinks('Hm.', 'Yes.'), msPerToken: 20 });
    const { code, stdout, stderr } = await runProgram({ env: { THINKMETER_BASE_URL: fake.url }, input });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; result: object });
    expect(answers.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    expect(answers.find(({ id }) => id === 3)?.result).toMatchObject({ structuredContent: { answer: 'Yes.' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('thinks less, to answer in the time that is left', IN_SECONDS, async () => {
    const fake = await startFake({ script: neverStopsThinking(), msPerToken: 20 });
    const input = toLines(INITIALIZE, reason(2, { thinking_budget: 512, max_seconds: 60 }), reason(3));
    const { code, stdout } = await runProgram({ env: { THINKMETER_BASE_URL: fake.url }, input });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; result: object });
    expect(answers.find(({ id }) => id === 2)?.result).toMatchObject({
      structuredContent: {
        answer: 'The answer is 42.',
        thinking: { ended_by: 'deadline', honored: true },
        warnings: expect.arrayContaining([
          'the time after the end of stdin, not the thinking budget of 512, ended the thinking',
        ]) as string[],
      },
    });
    expect(answers.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(code).toBe(0);
  });

  test('ends at once if nothing runs', async () => {
    const client = await connect();
    await client.close();
    // otherwise the SDK would have sent SIGTERM, and the log would not be empty
    expect(() => process.kill(client.pid, 0)).toThrow('ESRCH');
  });
});

describe('a call that runs when stdin ends', () => {
  let over: (() => Promise<void>) | undefined;

  afterEach(async () => {
    await over?.();
    over = undefined;
  });

  /** The server in this process, on streams and a clock of ours; the model is a fake at the other end of HTTP. */
  async function serve(options: FakeVllmOptions = {}, stdout: Writable = new PassThrough()) {
    const fake = await startFake({ script: neverStopsThinking(), msPerToken: 20, ...options });
    const { runner, engine, runs, spending } = remoteRunner(fake.url);
    const clock = new FakeClock();
    const [stdin, terminate] = [new PassThrough(), new AbortController()];
    const written: string[] = [];
    stdout.on('data', (bytes: Buffer) => written.push(bytes.toString('utf8')));
    const defaults = { thinkingBudget: 512, maxSeconds: undefined, systemPrompt: undefined };
    const state = new State({ path: undefined, days: 1, megabytes: 1, clock, onProblem: () => undefined });
    const parts = {
      runner,
      engine,
      runs,
      spending,
      profiles: new Profiles(),
      tunings: new Tunings(state),
      state,
      defaults,
      log: createLog('silent'),
      problems: [],
      ignored: [],
    };
    const streams = { stdin, stdout };
    const ended = serveUntilGone(parts, { engine: 'vllm', resourceLinks: 'on' }, streams, terminate.signal, clock);
    over = async () => {
      terminate.abort();
      await ended;
    };
    stdin.write(`${toLines(INITIALIZE, { method: 'notifications/initialized' }, reason(2, { max_seconds: 60 }))}\n`);
    await expect.poll(() => fake.running()).toBe(1);
    const answered = (): string | undefined => written.find((line) => line.includes('"id":2'));
    return { fake, clock, stdin, stdout, terminate, ended, answered };
  }

  test('is answered if it takes less than five seconds', async () => {
    const { stdin, ended, answered, clock } = await serve({ script: thinks('Hm.', 'Yes.'), msPerToken: 50 });
    stdin.end();
    await clock.advance(4900);
    await ended;
    expect(answered()).toContain('"answer":"Yes."');
    expect(clock.timers).toBe(0);
  });

  test('is not over before its answer is written', async () => {
    const taken: string[] = [];
    const held: (() => void)[] = [];
    const slow = new Writable({
      write(bytes: Buffer, _, done) {
        const line = bytes.toString('utf8');
        taken.push(line);
        // a reader that does not take the answer for a while
        if (line.includes('"id":2')) held.push(done);
        else done();
      },
    });
    const { stdin, ended, clock } = await serve({ script: thinks('Hm.', 'Yes.'), msPerToken: 20 }, slow);
    let isOver = false;
    const watched = ended.then(() => (isOver = true));
    stdin.end();
    await expect.poll(() => taken.join('')).toContain('"id":2');
    await clock.advance(4000);
    expect(isOver).toBe(false);
    for (const done of held) done();
    await watched;
    expect(clock.now()).toBe(1_004_000);
  });

  test('is aborted after five seconds, not before, and its caller is told', async () => {
    const { fake, stdin, ended, answered, clock } = await serve();
    stdin.end();
    await expect.poll(() => clock.timers).toBeGreaterThan(0);
    await clock.advance(4999);
    expect(fake.running()).toBe(1);
    await clock.advance(1);
    await ended;
    await expect.poll(() => fake.running()).toBe(0);
    expect(answered()).toContain(
      '"error":{"code":-32000,"message":"the call was ended 5 seconds after the end of stdin',
    );
    expect(clock.timers).toBe(0);
  });

  test('is aborted at once if stdout is closed', async () => {
    const { fake, stdin, stdout, ended, clock } = await serve();
    stdin.end();
    await expect.poll(() => clock.timers).toBeGreaterThan(0);
    stdout.destroy();
    await ended;
    await expect.poll(() => fake.running()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('is aborted at once by a signal', async () => {
    const { fake, stdin, terminate, ended, clock } = await serve();
    stdin.end();
    await expect.poll(() => clock.timers).toBeGreaterThan(0);
    terminate.abort();
    await ended;
    await expect.poll(() => fake.running()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('does not hold the end up once it is cancelled', async () => {
    const { fake, stdin, ended, clock } = await serve();
    stdin.end(`${toLines({ method: 'notifications/cancelled', params: { requestId: 2 } })}\n`);
    await ended;
    await expect.poll(() => fake.running()).toBe(0);
    expect(clock.now()).toBe(1_000_000);
  });

  test('is aborted if stdout breaks while stdin is open, which is an error', async () => {
    const { fake, stdout, ended } = await serve();
    over = undefined;
    stdout.destroy(new Error('EPIPE'));
    await expect(ended).rejects.toThrow('the connection to the client was closed: EPIPE');
    await expect.poll(() => fake.running()).toBe(0);
  });
});

/** Lines that clients really write, to the program: each request is answered, whatever stands around it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { ENTRY, Program } from '../support/program.ts';

function start(env: Readonly<Record<string, string>> = {}): Program {
  const program = new Program({ env });
  onTestFinished(() => program.kill());
  return program;
}

async function started(protocolVersion?: string): Promise<Program> {
  const program = start();
  await program.initialize(protocolVersion);
  return program;
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'by-hand', version: '1' } },
};

const ping = (id: number): object => ({ jsonrpc: '2.0', id, method: 'ping' });
const write = (program: Program, text: string | Uint8Array): void => void program.child.stdin.write(text);

/** The lines so far, each parsed. */
const lines = (program: Program): unknown[] => program.lines.map(({ text }) => JSON.parse(text) as unknown);

/** modelcontextprotocol/kotlin-sdk#956 (Codex on Windows), typescript-sdk#2775, #2790, #2796 */
const firsts = [
  { name: 'a byte order mark', text: `\uFEFF${JSON.stringify(INITIALIZE)}\n` },
  { name: 'CR LF', text: `${JSON.stringify(INITIALIZE)}\r\n` },
  { name: 'blank lines', text: `\r\n\n \n${JSON.stringify(INITIALIZE)}\n\n` },
];

test.each(firsts)('the first message is answered with $name', async ({ text }) => {
  const program = start();
  write(program, text);
  expect((await program.response(0)).result).toMatchObject({ serverInfo: { name: 'thinkmeter' } });
  expect(program.stderr).toBe('');
  expect(program.lines).toHaveLength(1);
});

test('a line that is no JSON gets a parse error and a warning in the log, and the next request its answer', async () => {
  const program = await started();
  write(program, `hello\n${JSON.stringify(ping(5))}\n`);
  await program.response(5);
  expect(lines(program)).toContainEqual({
    jsonrpc: '2.0',
    id: null,
    error: { code: -32_700, message: 'the line is not JSON, and begins with "hello"; send one JSON message per line' },
  });
  expect(program.stderr).toMatch(/"why":"the line is not JSON.*a message on stdin is invalid/);
});

// paiml/aprender#2393: one bad byte ended the server
test('bytes that are no UTF-8 are replaced, and the request is answered', async () => {
  const program = await started();
  const [before, after] = JSON.stringify({ ...ping(5), params: { x: '#' } }).split('#');
  write(
    program,
    Buffer.concat([Buffer.from(before ?? ''), Buffer.from([0xff, 0xc3]), Buffer.from(`${after ?? ''}\n`)]),
  );
  expect((await program.response(5)).result).toEqual({});
});

// chaitin/MonkeyCode#1268
test('null for params, a cursor or a progress token is absent: the request is answered', async () => {
  const program = await started();
  write(program, `${JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/list', params: null })}\n`);
  write(program, `${JSON.stringify({ jsonrpc: '2.0', id: 6, method: 'tools/list', params: { cursor: null } })}\n`);
  const params = { name: 'reason', arguments: {}, _meta: { progressToken: null } };
  write(program, `${JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params })}\n`);
  for (const id of [5, 6]) {
    // oxlint-disable-next-line no-await-in-loop -- both were sent
    expect((await program.response(id)).result).toHaveProperty('tools');
  }
  expect((await program.response(7)).result).toMatchObject({ isError: true });
});

/** binaricat/Netcatty#3050, cline/cline#10553, vercel/next-devtools-mcp#132 */
describe('arguments that are no object', () => {
  const rows = [
    { args: null, says: 'question is missing or blank; question must be a text' },
    { args: ['x'], says: /^arguments must be an object with the fields question, .*, not a list of 1\. Correct/ },
    { args: 'x', says: /^arguments must be an object .*, not "x"\. Correct/ },
    { args: 5, says: /^arguments must be an object .*, not 5\. Correct/ },
    {
      args: '{"question": "", "complexity": "hard"}',
      says: /^question is missing or blank; .*complexity must be one of/,
    },
  ];

  test.each(rows)('$args: one sentence', async ({ args, says }) => {
    const program = await started();
    const id = program.request('tools/call', { name: 'reason', arguments: args });
    const { result } = await program.response(id);
    expect(result).toMatchObject({ isError: true });
    const { content } = result as { readonly content: readonly { readonly text: string }[] };
    expect(content[0]?.text).toMatch(says);
    expect(content[0]?.text).not.toContain('\n');
  });

  test('null for a tool without fields is its call', async () => {
    const program = await started();
    const { result } = await program.response(
      program.request('tools/call', { name: 'server_status', arguments: null }),
    );
    expect(result).toMatchObject({ structuredContent: { spent: { calls: 0 } } });
  });
});

test('an error of the SDK’s schemas is one line that names the place', async () => {
  const program = await started();
  const { error } = await program.response(program.request('tools/call', { arguments: {} }));
  expect(error).toEqual({
    code: -32_602,
    message: 'Invalid tools/call request: params.name: Invalid input: expected string, received undefined',
  });
});

/** modelcontextprotocol/python-sdk#934, accensa/x402-facilitator-stellar#199 */
describe('a batch', () => {
  test.each(['2024-11-05', '2025-03-26'])('is answered with a list of responses under %s', async (version) => {
    const program = await started(version);
    const parts = [ping(5), { jsonrpc: '2.0', method: 'notifications/progress' }, { id: 6 }, ping(7)];
    write(program, `${JSON.stringify(parts)}\n`);
    await program.response(program.request('ping'));
    await expect.poll(() => program.lines).toHaveLength(3);
    const answer = lines(program).find(Array.isArray) as readonly { readonly id: number }[];
    expect(answer.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([5, 6, 7]);
    expect(answer.find(({ id }) => id === 6)).toMatchObject({ error: { code: -32_600 } });
  });

  test.each([
    ['2025-03-26', true],
    ['2025-11-25', false],
  ])('in the same write as the handshake is taken by the rules of %s', async (version, isServed) => {
    const program = start();
    const handshake = { ...INITIALIZE, params: { ...INITIALIZE.params, protocolVersion: version } };
    write(program, `${JSON.stringify(handshake)}\n${JSON.stringify([ping(5), ping(6)])}\n`);
    await program.response(0);
    await expect.poll(() => program.lines.length).toBeGreaterThan(1);
    expect(lines(program).some(Array.isArray)).toBe(isServed);
  });

  test('of notifications only gets no response', async () => {
    const program = await started('2025-03-26');
    write(program, '[{"jsonrpc":"2.0","method":"notifications/initialized"}]\n');
    await program.response(program.request('ping'));
    expect(program.lines).toHaveLength(2);
  });

  test('in which a call is cancelled is answered without it', async () => {
    const fake = await startFakeVllm({ misbehave: { lateHeadersMs: 30_000 } });
    onTestFinished(() => fake.close());
    const program = start({ THINKMETER_BASE_URL: fake.url });
    await program.initialize('2025-03-26');
    const params = { name: 'reason', arguments: { question: 'x' } };
    write(program, `${JSON.stringify([{ jsonrpc: '2.0', id: 5, method: 'tools/call', params }, ping(6)])}\n`);
    await expect.poll(() => fake.running()).toBe(1);
    program.notify('notifications/cancelled', { requestId: 5 });
    await expect.poll(() => lines(program)).toContainEqual([expect.objectContaining({ id: 6 })]);
  });

  test.each(['2025-06-18', '2025-11-25'])('is refused with an error for each request under %s', async (version) => {
    const program = await started(version);
    write(program, `${JSON.stringify([ping(5), { jsonrpc: '2.0', method: 'notifications/x' }, ping(6)])}\n`);
    const message = 'batches are not part of this protocol revision: send one message per line';
    expect((await program.response(5)).error).toEqual({ code: -32_600, message });
    expect((await program.response(6)).error).toEqual({ code: -32_600, message });
    expect(program.lines).toHaveLength(3);
  });

  test('that comes before the handshake is refused, and the handshake goes on', async () => {
    const program = start();
    write(program, `${JSON.stringify([INITIALIZE])}\n`);
    expect((await program.response(0)).error).toMatchObject({ code: -32_600 });
    await program.initialize();
  });

  test('of nothing is an invalid request', async () => {
    const program = await started('2025-03-26');
    write(program, '[]\n');
    await expect.poll(() => lines(program)).toContainEqual(expect.objectContaining({ id: null }));
  });
});

// an error without an id belongs to no call: neither SDK takes it for one of its own, nor ends
test.each(['v1', 'v2'] as const)('an error without an id does not disturb the client %s', async (name) => {
  const fake = await startFakeVllm({ script: thinks('Hm.', 'Yes.') });
  onTestFinished(() => fake.close());
  const command = ['sh', '-c', `(echo no JSON; cat) | ${process.execPath} ${ENTRY}`] as const;
  const client = await connect({ client: name, fake, command });
  onTestFinished(() => client.close());
  expect((await client.call('answer_fast', { question: 'x' })).text).toMatch(/^Yes\./);
  expect(client.stderr()).toContain('the line is not JSON');
});

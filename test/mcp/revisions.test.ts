/**
 * Each revision gets what it contains: resource links, structured content and output schemas came with 2025-06-18.
 * kirodotdev/Kiro#7983, #8960, cline/cline#5208, modelcontextprotocol/modelcontextprotocol#1638: a client that does not
 * know a part throws the whole result away, after the tokens were paid.
 */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { Program } from '../support/program.ts';

let fake: FakeVllm;

beforeAll(async () => {
  fake = await startFakeVllm({ script: thinks('Hm.', 'Yes.') });
  return () => fake.close();
});

async function start(version: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const program = new Program({ env: { THINKMETER_BASE_URL: fake.url, ...env } });
  onTestFinished(() => program.kill());
  await program.initialize(version);
  return program;
}

type Result = {
  readonly isError?: boolean;
  readonly structuredContent?: object;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
};

async function call(program: Program, name: string, args: object): Promise<Result> {
  const { result } = await program.response(program.request('tools/call', { name, arguments: args }));
  return result as Result;
}

const calls = [
  { name: 'reason', args: { question: 'x' } },
  { name: 'answer_fast', args: { question: 'x' } },
  { name: 'analyze_batch', args: { instruction: 'x', items: ['a', 'b'] } },
];

describe.each(['2024-11-05', '2025-03-26'])('a client of %s', (version) => {
  test.each(calls)('gets the result of $name as text only, with the uri in the last line', async ({ name, args }) => {
    const program = await start(version);
    const result = await call(program, name, args);
    expect(result).not.toHaveProperty('structuredContent');
    expect(result.content.map(({ type }) => type)).toEqual(['text']);
    const [part] = result.content;
    expect(part?.text).toMatch(/^(\[0\] )?Yes\.[\s\S]*\]\n\nfull record: thinkmeter:\/\/runs\/[\w-]+$/);
    const uri = part?.text?.split(' ').at(-1);
    const read = await program.response(program.request('resources/read', { uri }));
    expect(read.result).toMatchObject({ contents: [{ uri }] });
  });

  test('gets the status and an error as text only', async () => {
    const program = await start(version);
    const status = await call(program, 'server_status', {});
    expect(status).toEqual({ content: [{ type: 'text', text: expect.stringMatching(/^ready: /) as string }] });
    const refused = await call(program, 'reason', {});
    expect(refused).toMatchObject({ isError: true, content: [{ type: 'text' }] });
  });

  test('gets no output schemas, which its results could not match', async () => {
    const program = await start(version);
    const { result } = await program.response(program.request('tools/list'));
    const listed = result?.['tools'] as readonly object[];
    expect(listed).toHaveLength(6);
    for (const tool of listed) expect(tool).not.toHaveProperty('outputSchema');
    for (const tool of listed) expect(tool).toHaveProperty('inputSchema');
  });

  test('gets no uri if the operator wants no links', async () => {
    const program = await start(version, { THINKMETER_RESOURCE_LINKS: 'off' });
    const { content } = await call(program, 'reason', { question: 'x' });
    expect(content).toHaveLength(1);
    expect(content[0]?.text).not.toContain('thinkmeter://');
  });
});

// a revision that the server does not know is answered with its newest of the 2025 era
test.each(['2025-06-18', '2025-11-25', '2099-01-01'])(
  'a client of %s gets link and structured content',
  async (version) => {
    const program = await start(version);
    const { content, structuredContent } = await call(program, 'reason', { question: 'x' });
    expect(content.map(({ type }) => type)).toEqual(['text', 'resource_link']);
    expect(content[0]?.text).not.toContain('thinkmeter://');
    expect(structuredContent).toMatchObject({ answer: 'Yes.' });
  },
);

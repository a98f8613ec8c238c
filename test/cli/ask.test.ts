/** `thinkmeter ask`, by the real demo model: the answer on stdout, everything else on stderr. */
import { expect, onTestFinished, test } from 'vitest';
import { runResultSchema } from '../../src/report/schema.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { loadModel } from '../support/fake-vllm/model.ts';
import { promptIds } from '../support/untrusted.ts';
import { runProgram } from '../support/program.ts';

const QUESTION = '2^10 + 3^5 - 4^3 = ?';
const ANSWER = 'The answer is 1203.';
const demo = ['--engine', 'demo'];

test('the answer goes to stdout, the reasoning and the numbers to stderr, without colours in a pipe', async () => {
  const { code, stdout, stderr } = await runProgram({ args: ['ask', ...demo, QUESTION] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${ANSWER}\n` });
  expect(stderr).toContain('2^10=1024');
  expect(stderr).toMatch(/\[thinking 92 of 512 tokens \(ended by model\), .*thinkmeter-demo\]\n$/);
  expect(stderr).not.toContain('\u001B');
});

test('--quiet leaves the answer alone', async () => {
  const { code, stdout, stderr } = await runProgram({ args: ['ask', ...demo, '--quiet', QUESTION] });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${ANSWER}\n`, stderr: '' });
});

test('--json prints the whole result, reasoning included, as one line', async () => {
  const { code, stdout, stderr } = await runProgram({ args: ['ask', ...demo, '--json', QUESTION] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd()).not.toContain('\n');
  const run = runResultSchema.parse(JSON.parse(stdout));
  expect(run).toMatchObject({ answer: ANSWER, thinking: { budget: 512, tokens: 92, ended_by: 'model' } });
  expect(run.reasoning).toContain('3^5=243');
});

/** A server that is quicker to start than the demo model: what follows is not about the model. */
async function startServer(): Promise<readonly string[]> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), window: 8192 });
  onTestFinished(() => fake.close());
  return ['--base-url', fake.url];
}

test('the question comes from stdin where none is given', async () => {
  const server = await startServer();
  const { code, stdout } = await runProgram({ args: ['ask', ...server, '-q'], input: `${QUESTION}\n` });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'The answer is 42.\n' });
});

const MODEL = 'thinkmeter-demo';

/** simonw/llm#1458, tj/commander.js#2341 */
const minus = [
  { args: ['-3x + 7 = 1, x = ?'], question: '-3x + 7 = 1, x = ?' },
  { args: ['-b/2a + 1 = ?'], question: '-b/2a + 1 = ?' },
  { args: ['-3x=7'], question: '-3x=7' },
  { args: ['- first\n- second'], question: '- first\n- second' },
  { args: ['-(4 - 9) = ?', '--budget', '0'], question: '-(4 - 9) = ?' },
  { args: ['--', '-x^2'], question: '-x^2' },
  { args: ['--system-prompt', '- be brief', '-5 + 3'], question: '-5 + 3' },
  { args: ['--system-prompt=- be brief', 'x'], question: 'x' },
];

test.each(minus)('a question may begin with a minus: $args', async ({ args, question }) => {
  const fake = await startFakeVllm();
  onTestFinished(() => fake.close());
  const { code, stderr } = await runProgram({ args: ['ask', '--base-url', fake.url, '-q', ...args] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const asked = fake.requests.find(({ path }) => path === '/v1/completions');
  expect(loadModel(MODEL).decode(promptIds(MODEL, asked?.body['prompt']), { skipSpecialTokens: false })).toContain(
    question,
  );
});

test('an option means the same before and after the command, and a flag beats a variable', async () => {
  const server = await startServer();
  const env = { THINKMETER_BASE_URL: 'http://127.0.0.1:1' };
  const [before, after] = await Promise.all([
    runProgram({ args: [...server, 'ask', '-q', QUESTION], env }),
    runProgram({ args: ['ask', '-q', QUESTION, ...server], env }),
  ]);
  expect(before).toMatchObject({ code: 0, stdout: 'The answer is 42.\n' });
  expect(after).toEqual(before);
});

const budgets = [
  { args: ['--budget', '64'], budget: 64 },
  { args: ['-b', '0'], budget: 0 },
  { args: ['--complexity', 'simple'], budget: 128 },
  { args: ['--use-case', 'chat'], budget: 256 },
  { args: ['-c', 'complex', '-b', '7'], budget: 7 },
];

test('a budget, a complexity or a use case sets the budget, and it holds', async () => {
  const server = await startServer();
  for (const { args, budget } of budgets) {
    // oxlint-disable-next-line no-await-in-loop -- a process at a time
    const { stdout } = await runProgram({ args: ['ask', ...server, '--json', ...args, QUESTION] });
    const { thinking } = runResultSchema.parse(JSON.parse(stdout));
    expect(thinking).toMatchObject({ budget, honored: true });
    expect(thinking.tokens).toBeLessThanOrEqual(budget);
  }
});

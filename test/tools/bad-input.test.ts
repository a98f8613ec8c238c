/** What callers send by mistake: one clear sentence each, with what to do, and nothing asked of the model. */
import { beforeAll, describe, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { batchResult, errorSentence, runResult } from '../support/results.ts';

let fake: FakeVllm;
let client: Connection;

beforeAll(async () => {
  fake = await startFakeVllm();
  client = await connect({ fake });
  return async () => {
    await client.close();
    await fake.close();
  };
});

const question = 'Is it so?';

const refused = [
  {
    name: 'a misspelt field',
    args: { question, thinkng_budget: 3 },
    says: /^thinkng_budget is not a field: the field is thinking_budget\./,
  },
  {
    name: 'two misspelt fields',
    args: { question, maxSeconds: 5, 'include-reasoning': true },
    says: /^maxSeconds is not a field: the field is max_seconds; include-reasoning .* include_reasoning\./,
  },
  {
    name: 'a misspelt question',
    args: { Question: 'x' },
    says: /^Question is not a field: the field is question\. Correct/,
  },
  { name: 'no question', args: {}, says: /question is missing/ },
  { name: 'an empty question', args: { question: '' }, says: /question is missing or blank/ },
  { name: 'a blank question', args: { question: ' \n\t ' }, says: /question is missing or blank/ },
  { name: 'null for the question', args: { question: null }, says: /question is missing or blank/ },
  { name: 'a list for the question', args: { question: ['a'] }, says: /question must be a text, not a list of 1/ },
  {
    name: 'a word for a number',
    args: { question, thinking_budget: 'abc' },
    says: /thinking_budget .* 0 to 32768, not "abc"/,
  },
  { name: 'a negative budget', args: { question, thinking_budget: -1 }, says: /thinking_budget .*, not -1/ },
  {
    name: 'a negative budget as text',
    args: { question, thinking_budget: '-5' },
    says: /thinking_budget .*, not "-5"/,
  },
  { name: 'half a token', args: { question, thinking_budget: 1.5 }, says: /whole number/ },
  { name: 'digits beyond any number', args: { question, thinking_budget: '9'.repeat(400) }, says: /0 to 32768/ },
  { name: 'true for a number', args: { question, thinking_budget: true }, says: /thinking_budget .*, not true/ },
  { name: 'a hexadecimal number', args: { question, thinking_budget: '0x10' }, says: /not "0x10"/ },
  { name: 'no tokens for the answer', args: { question, answer_tokens: 0 }, says: /answer_tokens .* 1 to 32768/ },
  { name: 'no time at all', args: { question, max_seconds: 0 }, says: /max_seconds .* 0.1 to 86400/ },
  {
    name: 'an unknown complexity',
    args: { question, complexity: 'hard' },
    says: /simple, medium, complex, critical, not "hard"/,
  },
  { name: 'a word for yes', args: { question, include_reasoning: 'yes' }, says: /true or false, not "yes"/ },
  {
    name: 'several at once',
    args: { question: '', complexity: 'hard', thinking_budget: -1 },
    says: /question.*budget/,
  },
];

test.each(refused)('$name is refused by reason', async ({ args, says }) => {
  const before = fake.requests.length;
  expect(errorSentence(await client.call('reason', args))).toMatch(says);
  expect(fake.requests.length - before).toBe(0);
});

const instruction = 'Which?';

const refusedBatches = [
  { name: 'no items', args: { instruction }, says: /items is missing.* 1 to 1000/ },
  { name: 'an empty list of items', args: { instruction, items: [] }, says: /1 to 1000 texts, not a list of 0/ },
  { name: '1001 items', args: { instruction, items: Array(1001).fill('x') }, says: /1 to 1000 .* not a list of 1001/ },
  { name: '5000 items', args: { instruction, items: Array(5000).fill('x') }, says: /1 to 1000 .* not a list of 5000/ },
  {
    name: 'a text for the items',
    args: { instruction, items: 'x' },
    says: /a list of 1 to 1000 texts, not "x"; send a JSON list/,
  },
  { name: 'an item that is an object', args: { instruction, items: ['x', {}] }, says: /item 1 is not a text/ },
  { name: 'an item that is null', args: { instruction, items: ['x', null] }, says: /item 1 is not/ },
  { name: 'a blank instruction', args: { instruction: ' ', items: ['x'] }, says: /instruction is missing or blank/ },
];

test.each(refusedBatches)('$name is refused by analyze_batch', async ({ args, says }) => {
  expect(errorSentence(await client.call('analyze_batch', args))).toMatch(says);
});

test('a list beyond all measure is refused, and nothing is asked', async () => {
  const before = fake.requests.length;
  const result = await client.call('analyze_batch', { instruction, items: Array(100_000).fill('x') });
  expect(result).toMatchObject({ isError: true, structured: undefined });
  expect(fake.requests.length - before).toBe(0);
});

test.each([
  { tool: 'answer_fast', budget: 257, most: 256 },
  { tool: 'reason', budget: 1e9, most: 32_768 },
])('a budget above the limit of $tool is lowered, because it is a cap', async ({ tool, budget, most }) => {
  const { warnings } = runResult(await client.call(tool, { question, thinking_budget: budget }));
  expect(warnings).toContain(`thinking_budget was lowered from ${budget} to its maximum of ${most}`);
});

test.each([
  { name: 'max_tokens', value: 100, field: 'answer_tokens' },
  { name: 'budget', value: 16, field: 'thinking_budget' },
  { name: 'timeout', value: 5, field: 'max_seconds' },
])('$name, a limit in other APIs, is refused with the name of the field', async ({ name, value, field }) => {
  const result = await client.call('reason', { question, [name]: value });
  expect(errorSentence(result)).toContain(`${name} is not a field: the field is ${field}`);
});

test('a tool that does not exist is an error of the protocol', async () => {
  await expect(client.call('nope', {})).rejects.toThrow('nope');
});

describe('what is meant well is taken', () => {
  const taken = [
    { name: 'a string of digits', args: { thinking_budget: '77' }, budget: 77 },
    { name: 'a string of digits with spaces around', args: { thinking_budget: ' 77 ' }, budget: 77 },
    { name: 'null', args: { thinking_budget: null, context: null, complexity: null }, budget: 512 },
    { name: 'blank text', args: { thinking_budget: '', context: '  ', complexity: '' }, budget: 512 },
    { name: 'a whole number written with a fraction', args: { thinking_budget: 77.0 }, budget: 77 },
    { name: 'the same as text', args: { thinking_budget: '77.0' }, budget: 77 },
    { name: 'other fields as text', args: { include_reasoning: 'False', max_seconds: '30.5' }, budget: 512 },
    { name: 'a word in another letter case', args: { complexity: 'Medium' }, budget: 512 },
  ];

  test.each(taken)('$name', async ({ args, budget }) => {
    expect(runResult(await client.call('reason', { question, ...args })).thinking.budget).toBe(budget);
  });
});

/** cline/cline#9684, #10426, #10737; n8n-io/n8n#21500, #22787, #37308; makenotion/notion-mcp-server#146 */
describe('a field that the client added', () => {
  const ignored = /^task_progress is not a field and was ignored; the fields are question, context, /;
  const added = { task_progress: '- [x] read\n- [ ] ask' };

  test('is ignored by reason and answer_fast, with a warning in the result and its text', async () => {
    for (const tool of ['reason', 'answer_fast']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, to tell whose failure it is
      const result = await client.call(tool, { question, ...added });
      expect(runResult(result)).toMatchObject({
        answer: 'The answer is 4.',
        warnings: [expect.stringMatching(ignored)],
      });
      expect(result.text).toContain('\n\nnote: task_progress is not a field');
    }
  });

  test('is ignored by analyze_batch, with one warning for all items', async () => {
    const result = await client.call('analyze_batch', {
      instruction,
      items: ['a', 'b'],
      toolCallId: 'c',
      sessionId: 's',
    });
    expect(batchResult(result).warnings).toEqual([
      'toolCallId, sessionId are not fields and were ignored; the fields are instruction, items, thinking_budget, profile, answer_tokens, max_seconds',
    ]);
  });

  test('is ignored by analyze_batch, with the warning also if no item is answered', async () => {
    const result = await client.call('analyze_batch', { instruction, items: [' '], ...added });
    expect(batchResult(result)).toMatchObject({ totals: { failed: 1 }, warnings: [expect.stringMatching(/^task_/)] });
  });

  test('is ignored by server_status, which has no fields, with a warning that is no fault of the server', async () => {
    const { structured, text } = await client.call('server_status', added);
    const warning = 'task_progress is not a field and was ignored; there are no fields';
    expect(structured).toMatchObject({ ok: true, warnings: [warning] });
    expect(text).toContain(`\nnote: ${warning}`);
    const { structured: plain } = await client.call('server_status', {});
    expect(plain).not.toHaveProperty('warnings');
  });
});

/** anthropics/claude-code#86459, #93179, #22394, #59227 */
test('items that arrive as a text that holds a JSON list are the list', async () => {
  const { results } = batchResult(await client.call('analyze_batch', { instruction, items: '["a","b",3]' }));
  expect(results.map(({ index, answer }) => ({ index, answer }))).toEqual(
    [0, 1, 2].map((index) => ({ index, answer: 'The answer is 4.' })),
  );
});

describe('what does not fit the window', () => {
  test('is thought about for less, with a warning that names the numbers, whoever set the budget', async () => {
    const result = await client.call('reason', { question, thinking_budget: 2000, answer_tokens: 500 });
    expect(runResult(result).warnings).toEqual([
      expect.stringMatching(/^thinking_budget was lowered from 2000 to \d{4} .*2048/),
    ]);
  });

  test('is a context overflow that names the numbers, where the caller gave an answer as long', async () => {
    const result = await client.call('reason', { question, answer_tokens: 2048 });
    expect(errorSentence(result)).toMatch(/2048 .* 2048 .*Shorten/);
  });

  test('is a context overflow where the question alone is too long', async () => {
    const result = await client.call('reason', { question: 'word '.repeat(3000) });
    expect(errorSentence(result)).toMatch(/2048 .*Shorten/);
  });

  test('is refused in one sentence also at two megabytes', async () => {
    const result = await client.call('reason', { question: ' the'.repeat(500_000) });
    expect(errorSentence(result)).toMatch(/\d{6} tokens, more than the 2048 tokens/);
    expect(runResult(await client.call('reason', { question })).answer).toBe('The answer is 4.');
  });
});

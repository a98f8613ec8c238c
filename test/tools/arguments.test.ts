/** How any tool reads its arguments: whatever comes, it is taken as meant or refused in a sentence. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { InvalidInputError, toSentence } from '../../src/errors.ts';
import { defineTool, type ToolContext } from '../../src/tool.ts';

/** A tool of every kind of field, which only says what it was given. */
const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Says what it was given.',
  input: z.object({
    text: z.string(),
    count: z.int().min(0).max(1000).optional(),
    share: z.number().optional(),
    word: z.enum(['a', 'b']).optional(),
    yes: z.boolean().optional(),
    list: z.array(z.string()).max(3).optional(),
  }),
  output: z.strictObject({}),
  run: (input, { warnings }) => Promise.resolve({ text: warnings.join('; '), structured: input, runId: '' }),
});

const nowhere = {} as ToolContext;

async function read(args: unknown): Promise<unknown> {
  return (await echo.call(args, nowhere)).structured;
}

async function warningOf(args: unknown): Promise<string> {
  return (await echo.call(args, nowhere)).text;
}

const FIELDS = ['text', 'count', 'share', 'word', 'yes', 'list'] as const;

const FIELDS_ONLY = z.partialRecord(z.enum(FIELDS), z.unknown());
const SENTENCE = /^[^\n]+\. Correct the arguments and call again\.$/;

/** What the caller reads; any other error is a fault of the test's subject. */
function sentenceOf(error: unknown): string {
  if (error instanceof InvalidInputError) return toSentence(error);
  throw error;
}

/** Any UTF-16 text, as JSON can carry it: lone surrogates and control characters as well. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xff_ff }).map((unit) => String.fromCharCode(unit)) });
const anyValue = fc.oneof(fc.jsonValue(), anyText, fc.array(anyText));
const MALFORMED = /[\p{Surrogate}\0]/u;

test('whatever JSON comes, a tool takes it or refuses it in one line, without broken text', async () => {
  const anyArguments = fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), anyText), anyValue);
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 5, arbitrary: anyArguments }, anyValue), async (args) => {
      const given = await echo
        .call(args, nowhere)
        .then(({ structured, text }) => ({ structured, text }))
        .catch(sentenceOf);
      const said = typeof given === 'string' ? given : given.text;
      expect(said).not.toMatch(/\n/);
      expect(JSON.stringify([given]).replaceAll('\\\\', '')).not.toMatch(/\\u(d[89a-f]|00[01])/i);
      expect(JSON.stringify(given)).not.toMatch(MALFORMED);
      const fine = typeof given === 'string' ? SENTENCE.test(given) : FIELDS_ONLY.safeParse(given.structured).success;
      expect({ given, fine }).toMatchObject({ fine: true });
    }),
    { numRuns: 500 },
  );
});

test('null and blank text are as if the field were not there', async () => {
  const absent = fc.constantFrom(null, '', ' ', '\n\t ');
  const optional = fc.dictionary(fc.constantFrom(...FIELDS.slice(1)), absent);
  await fc.assert(
    fc.asyncProperty(optional, async (args) => {
      expect(await read({ text: 'x', ...args })).toEqual({ text: 'x' });
    }),
  );
});

test('a string of digits is its number, where a number is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), async (count) => {
      expect(await read({ text: String(count), count: String(count) })).toEqual({ text: String(count), count });
    }),
  );
});

/**
 * What the schema leaves no doubt of. Lists as text: anthropics/claude-code#86459, #93179, GongRzhe/Gmail-MCP-Server#96.
 * Numbers and booleans as text: microsoft/azure-devops-mcp#945, jgravelle/jcodemunch-mcp#135. Numbers for a text and
 * Python's words for a boolean: exa-labs/exa-mcp-server#287. Another letter case: aryamthecodebreaker/FixMap#235.
 */
const accepted: { name: string; args: Readonly<Record<string, unknown>>; as: unknown }[] = [
  { name: 'a fraction as text', args: { share: '0.5' }, as: { share: 0.5 } },
  { name: 'a negative fraction as text', args: { share: ' -30.5 ' }, as: { share: -30.5 } },
  { name: 'a whole number with a fraction of nothing', args: { count: '512.0' }, as: { count: 512 } },
  { name: 'an exponent', args: { count: '1e2' }, as: { count: 100 } },
  { name: 'true as text', args: { yes: 'true' }, as: { yes: true } },
  { name: 'Python’s True as text', args: { yes: ' True ' }, as: { yes: true } },
  { name: 'false as text', args: { yes: 'FALSE' }, as: { yes: false } },
  { name: 'a word in another letter case', args: { word: ' B ' }, as: { word: 'b' } },
  { name: 'a list as JSON text', args: { list: '["x", "y"]' }, as: { list: ['x', 'y'] } },
  { name: 'a list as JSON text with blanks around', args: { list: '\n [ "x" ] ' }, as: { list: ['x'] } },
  { name: 'an empty list as JSON text', args: { list: '[]' }, as: { list: [] } },
  { name: 'numbers in a list of texts', args: { list: ['1', 2, 2.5] }, as: { list: ['1', '2', '2.5'] } },
  { name: 'numbers in a list as JSON text', args: { list: '[1, true]' }, as: { list: ['1', 'true'] } },
  { name: 'a number for a text', args: { text: 42 }, as: { text: '42' } },
  { name: 'zero for a text', args: { text: 0 }, as: { text: '0' } },
  { name: 'a boolean for a text', args: { text: false }, as: { text: 'false' } },
];

test.each(accepted)('is accepted, because the schema leaves no doubt: $name', async ({ args, as }) => {
  expect(await read({ text: 'x', ...args })).toEqual({ text: 'x', ...(as as object) });
  expect(await warningOf({ text: 'x', ...args })).toBe('');
});

test('a value is the same value if it comes as the text that JSON writes for it', async () => {
  const values = fc.record(
    {
      count: fc.nat(1000),
      share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((share) => share + 0),
      yes: fc.boolean(),
      list: fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(values, async (plain) => {
      const asText = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, JSON.stringify(value)]));
      expect(await read({ text: 'x', ...asText })).toEqual(await read({ text: 'x', ...plain }));
    }),
  );
});

const refused: { name: string; args: Readonly<Record<string, unknown>>; says: RegExp }[] = [
  { name: 'a sign', args: { count: '+5' }, says: /count must be a whole number from 0 to 1000, not "\+5"/ },
  { name: 'a separator of thousands', args: { count: '1,000' }, says: /not "1,000"/ },
  { name: 'a unit', args: { share: '30s' }, says: /not "30s"/ },
  { name: 'half of a whole number', args: { count: '1.5' }, says: /whole number .*not "1.5"/ },
  { name: 'a list for a number', args: { count: [5] }, says: /not a list of 1/ },
  { name: 'true for a number', args: { count: true }, says: /not true/ },
  { name: 'yes for a boolean', args: { yes: 'yes' }, says: /true or false, not "yes"/ },
  { name: '1 for a boolean', args: { yes: 1 }, says: /true or false, not 1/ },
  {
    name: 'one text for a list',
    args: { list: 'a' },
    says: /not "a"; send a JSON list, such as \["first", "second"\]/,
  },
  { name: 'lines for a list', args: { list: '- a\n- b' }, says: /send a JSON list/ },
  { name: 'a JSON object for a list', args: { list: '{"a": 1}' }, says: /send a JSON list/ },
  { name: 'half of a JSON list', args: { list: '["a", ' }, says: /send a JSON list/ },
  { name: 'an object in a list', args: { list: ['x', {}] }, says: /item 1 is not a text/ },
  { name: 'null in a list', args: { list: [null] }, says: /item 0 is not a text/ },
  { name: 'a list in a list', args: { list: [['a']] }, says: /item 0 is not a text/ },
  { name: 'a list for a text', args: { text: ['a'] }, says: /text must be a text, not a list of 1/ },
  { name: 'an object for a text', args: { text: { a: 1 } }, says: /not {"a":1}/ },
  {
    name: 'a number that lost its last digits',
    args: { text: 2 ** 60 },
    says: /must be a text, not 115/,
  },
  { name: 'a field in another letter case', args: { Count: 5 }, says: /^Count is not a field: the field is count\./ },
];

test.each(refused)('is refused, because the schema leaves a doubt: $name', async ({ args, says }) => {
  expect(await read({ text: 'x', ...args }).catch(sentenceOf)).toMatch(says);
});

/** cline/cline#9684, n8n-io/n8n#21500, #37308: the client adds them to every call, so a refusal would never end. */
const injected = [
  { name: 'task_progress', value: '- [x] read\n- [ ] ask' },
  { name: 'toolCallId', value: 'call_1' },
  { name: 'sessionId', value: 's' },
  { name: 'action', value: 'sendMessage' },
  { name: 'chatInput', value: 'hi' },
  { name: 'tool', value: { nested: [1] } },
  { name: '_meta', value: {} },
  { name: 'constructor', value: 5 },
];

test.each(injected)('a client’s own field is ignored with a warning: $name', async ({ name, value }) => {
  const args = { text: 'x', [name]: value };
  expect(await read(args)).toEqual({ text: 'x' });
  expect(await warningOf(args)).toBe(
    `${name} is not a field and was ignored; the fields are text, count, share, word, yes, list`,
  );
});

test('a client’s field named like the prototype of every object is ignored as well', async () => {
  const args = JSON.parse('{"text": "x", "__proto__": {"count": 5}}') as unknown;
  expect(await read(args)).toEqual({ text: 'x' });
  expect(await warningOf(args)).toMatch(/^__proto__ is not a field/);
});

test('several are named in one warning, and one without a value in none', async () => {
  expect(await warningOf({ text: 'x', toolCallId: 'c', tool: 't' })).toMatch(
    /^toolCallId, tool are not fields and were/,
  );
  expect(await warningOf({ text: 'x', toolCallId: null, tool: '' })).toBe('');
});

/** anthropics/claude-code#56064, #72995, thedotmack/claude-mem#2787 */
describe('what is not valid text is replaced with a warning', () => {
  const broken = [
    { name: 'the first half of a pair', text: 'cut \uD83D', as: 'cut \uFFFD' },
    { name: 'the second half of a pair', text: '\uDC00', as: '\uFFFD' },
    { name: 'NUL', text: 'a\u0000b', as: 'a\uFFFDb' },
    { name: 'an escape sequence of a terminal', text: '\u001B[31mred', as: '\uFFFD[31mred' },
  ];

  test.each(broken)('$name', async ({ text, as }) => {
    expect(await read({ text, list: ['ok', text] })).toEqual({ text: as, list: ['ok', as] });
    expect(await warningOf({ text })).toBe(
      'text had 1 character that is not valid text (control characters, or half of a surrogate pair), replaced by U+FFFD',
    );
  });

  test('also in a list that comes as JSON text', async () => {
    expect(await read({ text: 'x', list: '["bad \\ud83d"]' })).toEqual({ text: 'x', list: ['bad \uFFFD'] });
  });

  test('but nothing else: emoji, line ends, tabs and a byte order mark stay', async () => {
    const text = '\uFEFF👩‍💻\r\n\tß\u0085\u007F';
    expect(await read({ text })).toEqual({ text });
    expect(await warningOf({ text })).toBe('');
  });
});

describe('the arguments as a whole', () => {
  /** `null`: binaricat/Netcatty#3050, cline/cline#10553 */
  const absent = [{ args: undefined }, { args: null }, { args: '' }, { args: ' ' }, { args: {} }, { args: '{}' }];

  test.each(absent)('$args are no arguments', async ({ args }) => {
    expect(await read(args).catch(sentenceOf)).toMatch(/^text is missing or blank; text must be a text\./);
  });

  test('a missing field is named together with the unknown ones, one of which was probably meant', async () => {
    expect(await read({ query: 'x' }).catch(sentenceOf)).toMatch(
      /^text is missing or blank; text must be a text; query is not a field\./,
    );
  });

  /** vercel/next-devtools-mcp#132: the format of function calls in OpenAI's API */
  test('as a text that holds an object are that object', async () => {
    expect(await read('{"text": "x", "count": "5"}')).toEqual({ text: 'x', count: 5 });
  });

  const others = [
    { args: [1, 2], says: 'a list of 2' },
    { args: 'x', says: '"x"' },
    { args: '[1]', says: '"[1]"' },
    { args: 5, says: '5' },
    { args: true, says: 'true' },
  ];

  test.each(others)('are refused in one sentence if they are $says', async ({ args, says }) => {
    expect(await read(args).catch(sentenceOf)).toBe(
      `arguments must be an object with the fields text, count, share, word, yes, list, not ${says}. Correct the arguments and call again.`,
    );
  });
});

test('text is not trimmed, and blank items of a list are kept', async () => {
  expect(await read({ text: ' x ', list: ['', ' '] })).toEqual({ text: ' x ', list: ['', ' '] });
});

test('a long value is not repeated whole', async () => {
  const said = await read({ text: 'x', count: 'y'.repeat(100_000) }).catch(sentenceOf);
  expect(String(said).length).toBeLessThan(300);
});

test('a long list of wrong items is not listed one by one', async () => {
  const items: unknown[] = Array.from({ length: 900 }, () => ({}));
  const said = await read({ text: 'x', list: items }).catch(sentenceOf);
  expect(String(said).length).toBeLessThan(1000);
});

test('a long name of an unknown field is not repeated whole, and a thousand are not all named', async () => {
  expect((await warningOf({ text: 'x', ['y'.repeat(100_000)]: 5 })).length).toBeLessThan(300);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`client_field_${index}`, 1]));
  expect((await warningOf({ text: 'x', ...many })).length).toBeLessThan(400);
});

/** How any tool reads its arguments: whatever comes, it is taken as meant or refused in a sentence. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { InvalidInputError, toSentence } from '../../src/errors.ts';
import { defineTool, type ToolContext } from '../../src/tool.ts';

/** A tool of every kind of field, which only says what it was given. */
const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Says what it was given.',
  input: z.strictObject({
    text: z.string(),
    count: z.int().min(0).max(1000).optional(),
    share: z.number().optional(),
    word: z.enum(['a', 'b']).optional(),
    yes: z.boolean().optional(),
    list: z.array(z.string()).max(3).optional(),
  }),
  output: z.strictObject({}),
  run: (input) => Promise.resolve({ text: '', structured: input, runId: '' }),
});

const nowhere = {} as ToolContext;

async function read(args: Readonly<Record<string, unknown>>): Promise<unknown> {
  return (await echo.call(args, nowhere)).structured;
}

const FIELDS = ['text', 'count', 'share', 'word', 'yes', 'list'] as const;

const FIELDS_ONLY = z.partialRecord(z.enum(FIELDS), z.unknown());
const SENTENCE = /^[^\n]+\. Correct the arguments and call again\.$/;

/** What the caller reads; any other error is a fault of the test's subject. */
function sentenceOf(error: unknown): string {
  if (error instanceof InvalidInputError) return toSentence(error);
  throw error;
}

test('whatever JSON comes, a tool takes it or refuses it in one line', async () => {
  const anyArguments = fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), fc.string()), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(anyArguments, async (args) => {
      const given = await read(args).catch(sentenceOf);
      const fine = typeof given === 'string' ? SENTENCE.test(given) : FIELDS_ONLY.safeParse(given).success;
      expect({ given, fine }).toMatchObject({ fine: true });
    }),
    { numRuns: 300 },
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

const refused: { name: string; args: Readonly<Record<string, unknown>> }[] = [
  { name: 'a sign', args: { text: 'x', count: '+5' } },
  { name: 'a fraction as text', args: { text: 'x', share: '0.5' } },
  { name: 'an exponent', args: { text: 'x', count: '1e2' } },
  { name: 'a number for a text', args: { text: 5 } },
  { name: 'a word for a boolean', args: { text: 'x', yes: 'true' } },
  { name: 'one text for a list', args: { text: 'x', list: 'a' } },
  { name: 'numbers in a list of texts', args: { text: 'x', list: ['1', 2] } },
  { name: 'a field of another name', args: { text: 'x', Count: 5 } },
  { name: 'a field of every object', args: { text: 'x', ['constructor']: 5 } },
];

test.each(refused)('nothing else is coerced: $name', async ({ args }) => {
  await expect(read(args)).rejects.toThrow(InvalidInputError);
});

test('text is not trimmed, and blank items of a list are kept', async () => {
  expect(await read({ text: ' x ', list: ['', ' '] })).toEqual({ text: ' x ', list: ['', ' '] });
});

test('a long value is not repeated whole', async () => {
  const said = await read({ text: 'x', count: 'y'.repeat(100_000) }).catch(sentenceOf);
  expect(String(said).length).toBeLessThan(300);
});

test('a long list of wrong items is not listed one by one', async () => {
  const items: unknown[] = Array.from({ length: 900 }, () => 5);
  const said = await read({ text: 'x', list: items }).catch(sentenceOf);
  expect(String(said).length).toBeLessThan(1000);
});

test('a long name of an unknown field is not repeated whole', async () => {
  const said = await read({ text: 'x', ['y'.repeat(100_000)]: 5 }).catch(sentenceOf);
  expect(String(said).length).toBeLessThan(1000);
});

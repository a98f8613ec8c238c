/** JSON and JSONC files of other programs: what is asked for is set, every other byte stays. */
import * as fc from 'fast-check';
import { parseTree, findNodeAtLocation, type Node } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { findJsonError, jsonAt, obstacle, removeJson, setJson, type Json } from '../../src/init/json-edit.ts';

const PATH = ['mcpServers', 'thinkmeter'];
const ENTRY = { command: 'node', args: ['main.js'] };

describe('where a new entry goes', () => {
  const pretty =
    '{\n  "mcpServers": {\n    "thinkmeter": {\n      "command": "node",\n      "args": [\n        "main.js"\n      ]\n    }\n  }\n}\n';
  const rows = [
    { name: 'no file', before: '', after: pretty },
    { name: 'an empty object', before: '{}\n', after: pretty },
    { name: 'only a comment', before: '// mine\n', after: `// mine\n${pretty}` },
    {
      name: 'behind the last server and its comments, in the file’s own indentation',
      before: '{\n\t"mcpServers": {\n\t\t"other": {} // first\n\t\t// last\n\t}\n}',
      after:
        '{\n\t"mcpServers": {\n\t\t"other": {}, // first\n\t\t// last\n\t\t"thinkmeter": {\n\t\t\t"command": "node",\n\t\t\t"args": [\n\t\t\t\t"main.js"\n\t\t\t]\n\t\t}\n\t}\n}',
    },
    {
      name: 'behind a trailing comma, with one of its own',
      before: '{\r\n  "a": 1,\r\n}\r\n',
      after:
        '{\r\n  "a": 1,\r\n  "mcpServers": {\r\n    "thinkmeter": {\r\n      "command": "node",\r\n      "args": [\r\n        "main.js"\r\n      ]\r\n    }\r\n  },\r\n}\r\n',
    },
    {
      name: 'into a file of one line',
      before: '{"mcpServers":{"other":{}},"z":1}',
      after: '{"mcpServers":{"other":{}, "thinkmeter": {"command":"node","args":["main.js"]}},"z":1}',
    },
    {
      name: 'into the last of two equal keys, which is the one that counts',
      before: '{"mcpServers":{},"mcpServers":{"other":{}}}',
      after: '{"mcpServers":{},"mcpServers":{"other":{}, "thinkmeter": {"command":"node","args":["main.js"]}}}',
    },
  ];

  test.each(rows)('$name', ({ before, after }) => {
    expect(setJson(before, PATH, ENTRY)).toBe(after);
  });
});

test('what stands in the way is named', () => {
  expect(obstacle('{"mcpServers": []}', PATH)).toEqual(['mcpServers']);
  expect(obstacle('[1]', PATH)).toEqual([]);
  expect(obstacle('{"mcpServers": {"thinkmeter": 1}}', PATH)).toBeUndefined();
});

describe('a syntax error has a line, a column and words', () => {
  const rows = [
    {
      name: 'a missing comma',
      text: '{\n  "a": 1\n  "b": 2\n}',
      plain: false,
      error: { what: 'comma expected', line: 3, column: 3 },
    },
    {
      name: 'a missing end',
      text: '{"a": 1',
      plain: false,
      error: { what: 'close brace expected', line: 1, column: 8 },
    },
    {
      name: 'text behind the end',
      text: '{}\r\n\r\n1',
      plain: false,
      error: { what: 'end of file expected', line: 3, column: 1 },
    },
    {
      name: 'a comment in plain JSON',
      text: '{ // x\n}',
      plain: true,
      error: { what: 'invalid comment token', line: 1, column: 3 },
    },
    {
      name: 'a trailing comma in plain JSON',
      text: '{"a": 1,}',
      plain: true,
      error: { what: 'property name expected', line: 1, column: 9 },
    },
  ];

  test.each(rows)('$name', ({ text, plain, error }) => {
    expect(findJsonError(text, plain)).toEqual(error);
  });

  test('comments and trailing commas are none in JSONC, and a blank text is none anywhere', () => {
    expect(findJsonError('{ // x\n "a": [1,], /* y */ }', false)).toBeUndefined();
    expect(findJsonError(' \n', true)).toBeUndefined();
  });
});

test('a property is removed with its comma, the first, the last and the only one', () => {
  const text = '{ "a": 1, "b": 2, "c": 3 }';
  expect(removeJson(text, ['a'])).toBe('{ "b": 2, "c": 3 }');
  expect(removeJson(text, ['c'])).toBe('{ "a": 1, "b": 2 }');
  expect(removeJson('{ "a": 1, }', ['a'])).toBe('{  }');
  expect(removeJson(text, ['z'])).toBe(text);
});

const key = fc.oneof(
  fc.constantFrom('mcpServers', 'other', 'thinkmeter', '__proto__', 'a b'),
  fc.string({ maxLength: 6, unit: 'grapheme' }),
);

/** Any value, written with any white space, comments and trailing commas that JSONC allows. */
const { file } = fc.letrec<{ file: string; value: string; object: string; gap: string }>((tie) => ({
  gap: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('', ' ', '\n', '\n  ', '\r\n\t') },
    { weight: 1, arbitrary: fc.constantFrom('/* " , } */', ' // , } "\n', '\n// x\r\n') },
  ),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(key, tie('value'), tie('gap')), { maxLength: 4, selector: ([name]) => name }),
      tie('gap'),
      tie('gap'),
      fc.boolean(),
    )
    .map(([fields, begin, end, trailing]) => {
      const texts = fields.map(([name, value, gap]) => `${gap}${JSON.stringify(name)}:${gap}${value}${gap}`);
      return `{${begin}${texts.join(',')}${trailing && texts.length > 0 ? ',' : ''}${end}}`;
    }),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.jsonValue({ maxDepth: 1 }).map((it) => JSON.stringify(it)),
    tie('object'),
  ),
  file: fc.tuple(tie('gap'), tie('object'), tie('gap')).map((parts) => parts.join('')),
}));

/** How long `a` and `b` are equal from their beginning. */
function common(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** `after` is `before` with one text put in. */
function isOneInsertion(before: string, after: string): boolean {
  const begin = common(before, after);
  return after.endsWith(before.slice(begin)) && after.length >= before.length;
}

/** `after` is `before` with a text put in, and perhaps a comma before it. */
function onlyInserted(before: string, after: string): boolean {
  // the comma may repeat what follows, so every place is tried
  return Array.from({ length: common(before, after) + 1 }, (_, at) => at).some(
    (at) =>
      isOneInsertion(before.slice(at), after.slice(at)) ||
      (after[at] === ',' && isOneInsertion(before.slice(at), after.slice(at + 1))),
  );
}

/** Everything outside the value at the path is the same; without such a value, something was put in. */
function othersStay(before: string, after: string): boolean {
  const old = findNodeAtLocation(parseTree(before, [], { allowTrailingComma: true }) as Node, PATH);
  if (old === undefined) return onlyInserted(before, after);
  return after.startsWith(before.slice(0, old.offset)) && after.endsWith(before.slice(old.offset + old.length));
}

function expectedValue(before: Json | undefined, path: readonly string[], value: Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const object = (before ?? {}) as Record<string, Json>;
  return Object.fromEntries([
    ...Object.entries(object).filter(([other]) => other !== name),
    [name, expectedValue(Object.hasOwn(object, name) ? object[name] : undefined, rest, value)],
  ]);
}

describe('for every file', () => {
  test('the entry is set, and every other byte stays', () => {
    fc.assert(
      fc.property(file, fc.jsonValue({ maxDepth: 2 }), (before, value) => {
        fc.pre(findJsonError(before, false) === undefined && obstacle(before, PATH) === undefined);
        const after = setJson(before, PATH, value as Json);
        expect(findJsonError(after, false)).toBeUndefined();
        expect(jsonAt(after, [])).toEqual(
          expectedValue(jsonAt(before, []), PATH, jsonAt(JSON.stringify(value), []) as Json),
        );
        expect(othersStay(before, after)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('removed again, only the entry is gone', () => {
    fc.assert(
      fc.property(file, (before) => {
        fc.pre(findJsonError(before, false) === undefined && obstacle(before, PATH) === undefined);
        fc.pre(jsonAt(before, PATH) === undefined && jsonAt(before, ['mcpServers']) !== undefined);
        const after = removeJson(setJson(before, PATH, ENTRY), PATH);
        expect(findJsonError(after, false)).toBeUndefined();
        expect(jsonAt(after, [])).toEqual(jsonAt(before, []));
      }),
    );
  });
});

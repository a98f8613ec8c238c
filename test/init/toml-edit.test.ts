/** TOML files of other programs: one table is set, every other byte stays. */
import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { findTomlError, setToml, tomlAt } from '../../src/init/toml-edit.ts';

const PATH = ['mcp_servers', 'thinkmeter'];
const ENTRY = { command: 'node', args: ['main.js'], env: { A: '1' } };
const BLOCK =
  '[mcp_servers.thinkmeter]\ncommand = "node"\nargs = [ "main.js" ]\n\n[mcp_servers.thinkmeter.env]\nA = "1"\n';

describe('the text afterwards', () => {
  const rows = [
    { name: 'no file', before: '', after: BLOCK },
    { name: 'behind what is there', before: 'model = "x"\n', after: `model = "x"\n\n${BLOCK}` },
    { name: 'behind a line without an end', before: 'model = "x"', after: `model = "x"\n\n${BLOCK}` },
    {
      name: 'with the file’s line ends',
      before: 'model = "x"\r\n',
      after: `model = "x"\r\n\r\n${BLOCK.replaceAll('\n', '\r\n')}`,
    },
    {
      name: 'an older block: what differs is written again, comments and other fields stay',
      before:
        '# mine\n[mcp_servers.thinkmeter]\n# why\ncommand = "old"\nargs = [\n  "old", # ]\n]\nstartup_timeout_sec = 20 # slow disk\n\n[mcp_servers.thinkmeter.env]\nA = "0"\n\n[z]\nb = 1\n',
      after:
        '# mine\n[mcp_servers.thinkmeter]\n# why\ncommand = "node"\nargs = [ "main.js" ]\nstartup_timeout_sec = 20 # slow disk\n\n[mcp_servers.thinkmeter.env]\nA = "1"\n\n[z]\nb = 1\n',
      entry: { ...ENTRY, startup_timeout_sec: 20 },
    },
    {
      name: 'an older block with its variables on one line',
      before: '[mcp_servers.thinkmeter]\ncommand = "node"\nargs = [ "main.js" ]\nenv = { A = "0", B = "2" }\n',
      after: '[mcp_servers.thinkmeter]\ncommand = "node"\nargs = [ "main.js" ]\nenv = { A = "1" }\n',
    },
    {
      name: 'a table inside that stands before',
      before: '[mcp_servers.thinkmeter.env]\nB = "2"\nA = "0"\n[mcp_servers.thinkmeter]\ncommand = "node"\n',
      after:
        '[mcp_servers.thinkmeter.env]\nA = "1"\n[mcp_servers.thinkmeter]\ncommand = "node"\nargs = [ "main.js" ]\n',
    },
    {
      name: 'a header on the last line, without an end',
      before: '[mcp_servers.thinkmeter]',
      after: '[mcp_servers.thinkmeter]\ncommand = "node"\nargs = [ "main.js" ]\nenv = { A = "1" }\n',
    },
  ];

  test.each(rows)('$name', ({ before, after, entry = ENTRY }) => {
    expect(setToml(before, PATH, entry)).toBe(after);
    expect(setToml(after, PATH, entry)).toBe(after);
  });
});

test.each([
  { name: 'an inline table', text: 'mcp_servers = { thinkmeter = { command = "x" } }\n' },
  { name: 'an inline table below a header', text: '[mcp_servers]\nthinkmeter = { command = "x" }\n' },
  { name: 'dotted keys', text: 'mcp_servers.thinkmeter.command = "x"\n' },
])('a table in a form without a header is not changed: $name', ({ text }) => {
  expect(tomlAt(text, PATH)).toEqual({ command: 'x' });
  expect(setToml(text, PATH, ENTRY)).toBeUndefined();
});

test('a syntax error has a line, a column and words', () => {
  expect(findTomlError('a = 1\nb = \n')).toEqual({ what: expect.stringMatching(/\w/), line: 2, column: 5 });
  expect(findTomlError('a = """\nopen')).toMatchObject({ line: expect.any(Number) });
  expect(findTomlError('')).toBeUndefined();
});

const statement = fc.constantFrom(
  '# a comment with [mcp_servers.thinkmeter]\n',
  '\n',
  'model = "gpt"  # why\n',
  'text = """\n[mcp_servers.thinkmeter]\ncommand = "fake"\n"""\n',
  "path = '''\r\n[z]\r\n'''\r\n",
  'list = [\n  "a", # ]\n  [1, 2],\n]\n',
  'when = 2026-01-01T00:00:00Z\r\n',
  'inline = { a = "[x]", b = [1] }\n',
  'a.b.c = 1\n',
);
const tables = fc.uniqueArray(
  fc.tuple(fc.constantFrom('x', 'y.z', 'mcp_servers.other', '"a b"', 'q.r.s'), fc.boolean()),
  {
    selector: ([name]) => name,
  },
);
/** Each kind of statement at most once in a table, because a key must not occur twice. */
const section = fc.uniqueArray(statement, { maxLength: 5 }).map((lines) => lines.join(''));
const others = fc
  .tuple(tables, fc.array(section, { minLength: 5, maxLength: 5 }))
  .map(([names, bodies]) =>
    names.map(([name, spaced], index) => `${spaced ? '  ' : ''}[${name}]\n${bodies[index] ?? ''}`).join(''),
  );

describe('for every file', () => {
  test('a new table goes behind everything, which stays byte for byte', () => {
    fc.assert(
      fc.property(section, others, (top, rest) => {
        const before = top + rest;
        const after = setToml(before, PATH, ENTRY) ?? '';
        expect(after.startsWith(before)).toBe(true);
        expect(tomlAt(after, PATH)).toEqual(ENTRY);
        expect(setToml(after, PATH, ENTRY)).toBe(after);
      }),
    );
  });

  test('a table that is there changes in its own place only', () => {
    const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), fc.integer());
    const entry = fc.dictionary(fc.constantFrom('command', 'args', 'cwd', 'a b', '"'), value);
    fc.assert(
      fc.property(section, others, section, entry, (top, rest, own, wanted) => {
        const before = `${top}[mcp_servers.thinkmeter]\n${own}`;
        const text = before + rest;
        expect(() => parse(text)).not.toThrow();
        const after = setToml(text, PATH, wanted) ?? '';
        expect(after.startsWith(`${top}[mcp_servers.thinkmeter]\n`)).toBe(true);
        expect(after.endsWith(rest)).toBe(true);
        expect(tomlAt(after, PATH)).toEqual(wanted);
        expect(setToml(after, PATH, wanted)).toBe(after);
      }),
    );
  });
});

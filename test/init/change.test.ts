/** The file of every client before and after. */
import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { block, pathOf, readEntry, withEntry } from '../../src/init/change.ts';
import { CLIENTS, type Client } from '../../src/init/clients.ts';
import { entryFor } from '../../src/init/entry.ts';
import { jsonAt, setJson, type Json, type JsonObject } from '../../src/init/json-edit.ts';
import { setToml, tomlAt } from '../../src/init/toml-edit.ts';

const FILE = '/home/me/settings';
const LAUNCH = {
  command: '/usr/bin/node',
  args: ['/x/dist/main.js'],
  env: { THINKMETER_BASE_URL: 'http://h:8000/v1' },
};
const OTHER: JsonObject = { command: 'other', args: ['1'], env: { A: 'b' } };

const isToml = ({ format }: Client): boolean => format === 'toml';

function at(client: Client, text: string, path: readonly string[]): Json | undefined {
  return isToml(client) ? tomlAt(text, path) : jsonAt(text, path);
}

function set(client: Client, text: string, path: readonly string[], value: JsonObject): string {
  return isToml(client) ? (setToml(text, path, value) ?? '') : setJson(text, path, value);
}

describe.each(CLIENTS.map((client) => ({ name: client.name, client })))('$name', ({ client }) => {
  const entry = entryFor(client, LAUNCH, {});
  const written = (before: string): string => withEntry(client, FILE, before, entry);

  test('a file that is absent, empty or blank gets the block alone', () => {
    for (const before of ['', '\n', ' \n']) {
      const after = written(before);
      expect(at(client, after, [])).toEqual(
        pathOf(client).reduceRight<Json>((inner, key) => ({ [key]: inner }), entry),
      );
      expect(after.endsWith('\n')).toBe(true);
    }
    expect(written('')).toBe(block(client, entry));
  });

  test('the second time, nothing changes', () => {
    const once = written('');
    expect(written(once)).toBe(once);
  });

  test('other servers stay as they are', () => {
    const before = set(client, '', [...client.servers, 'other'], OTHER);
    const after = written(before);
    expect(at(client, after, [...client.servers, 'other'])).toEqual(OTHER);
    expect(at(client, after, pathOf(client))).toEqual(entry);
    expect(written(after)).toBe(after);
  });

  test('a block of ours that is older gets the new command, and keeps fields and variables that we do not set', () => {
    const older = entryFor(client, { ...LAUNCH, command: 'node', args: ['old.js'] }, {});
    const variables = { ...(older[client.variables] as JsonObject), THINKMETER_MAX_SECONDS: '300' };
    const before = set(client, '', pathOf(client), { ...older, [client.variables]: variables, timeout: 90 });
    const after = written(before);
    expect(at(client, after, pathOf(client))).toEqual({
      ...entry,
      [client.variables]: { ...(entry[client.variables] as JsonObject), THINKMETER_MAX_SECONDS: '300' },
      timeout: 90,
    });
  });

  test('a file with a syntax error is refused, by line and column, and a byte order mark is none of our business', () => {
    const broken = isToml(client) ? 'a = 1\nb = [1,\n\n[c]\nd = 2\n' : '{\n  "a": 1,\n  "b": [1, 2\n}\n';
    expect(() => written(broken)).toThrow(/^\/home\/me\/settings has a syntax error in line \d, column \d+: \w/);
  });

  test('for any other content, only the entry differs', () => {
    const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
    const indent = fc.constantFrom(0, 1, 2, 4, '\t');
    const text = json.chain((value) => indent.map((it) => JSON.stringify(value, null, it)));
    const toml = fc.dictionary(fc.string({ maxLength: 5 }), fc.string(), { maxKeys: 4 });
    const file = isToml(client)
      ? toml.map((value) =>
          Object.entries(value)
            .map(([k, v]) => set(client, '', ['t', k], { v }))
            .join(''),
        )
      : text;
    fc.assert(
      fc.property(file, (before) => {
        const [root = ''] = client.servers;
        fc.pre(!isToml(client) || isValid(before));
        const parsed = at(client, before, []) as JsonObject;
        fc.pre(!Object.hasOwn(parsed, root));
        const after = written(before);
        const { [root]: added, ...rest } = at(client, after, []) as JsonObject;
        expect(rest).toEqual({ ...parsed });
        expect(added).toEqual({ thinkmeter: entry });
        expect(written(after)).toBe(after);
      }),
      { numRuns: 50 },
    );
  });
});

const named = (format: Client['format']) =>
  CLIENTS.filter((client) => client.format === format).map((client) => ({ name: client.name, client }));

const entryOf = (client: Client): JsonObject => entryFor(client, LAUNCH, {});

describe('comments', () => {
  test.each(named('toml'))('$name: stay', ({ client }) => {
    const before = '# mine\nmodel = "x" # why\n';
    expect(withEntry(client, FILE, before, entryOf(client)).startsWith(before)).toBe(true);
  });

  test.each(named('jsonc'))('$name: stay', ({ client }) => {
    const before = `{\n  // mine\n  "a": 1, /* why */\n`;
    expect(withEntry(client, FILE, `${before}}\n`, entryOf(client)).startsWith(before)).toBe(true);
  });

  test.each(named('json'))('$name: are a mistake, because the client refuses them', ({ client }) => {
    expect(() => withEntry(client, FILE, '{ // mine\n}', entryOf(client))).toThrow(
      `in line 1, column 3: invalid comment token (${client.title} reads plain JSON)`,
    );
  });
});

function isValid(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function clientOf(name: string): Client {
  return CLIENTS.find((client) => client.name === name) as Client;
}

describe('a key never goes to another server', () => {
  const cursor = clientOf('cursor');
  const withKey = { ...LAUNCH.env, THINKMETER_API_KEY: 'sk-1', THINKMETER_MODEL: 'm', THINKMETER_LOG_LEVEL: 'info' };
  const before = block(cursor, { command: 'node', args: [], env: withKey });
  const after = (env: Record<string, string>): Json | undefined => {
    const entry = entryFor(cursor, { ...LAUNCH, env }, {});
    return jsonAt(withEntry(cursor, FILE, before, entry), [...pathOf(cursor), 'env']);
  };

  test('at the same address it stays', () => {
    expect(after(LAUNCH.env)).toEqual(withKey);
  });

  test('with another address it leaves, as the model does', () => {
    const env = { THINKMETER_BASE_URL: 'http://elsewhere/v1' };
    expect(after(env)).toEqual({ ...env, THINKMETER_LOG_LEVEL: 'info' });
  });

  test('with the demo engine it leaves, and the engine leaves with the next address', () => {
    const demo = { THINKMETER_ENGINE: 'demo' };
    expect(after(demo)).toEqual({ ...demo, THINKMETER_LOG_LEVEL: 'info' });
    const text = block(cursor, { command: 'node', args: [], env: demo });
    const entry = entryFor(cursor, LAUNCH, {});
    expect(readEntry(cursor, FILE, withEntry(cursor, FILE, text, entry))).toMatchObject({ env: LAUNCH.env });
    expect(withEntry(cursor, FILE, text, entry)).not.toContain('demo');
  });

  test('a key that codex now reads from a variable leaves the file', () => {
    const codex = clientOf('codex');
    const text = block(codex, { ...LAUNCH, env: { ...LAUNCH.env, THINKMETER_API_KEY: 'sk-1' }, env_vars: ['HOME'] });
    const entry = entryFor(codex, LAUNCH, { THINKMETER_API_KEY: { variable: 'THINKMETER_API_KEY' } });
    expect(tomlAt(withEntry(codex, FILE, text, entry), pathOf(codex))).toEqual({
      ...LAUNCH,
      env_vars: ['HOME', 'THINKMETER_API_KEY'],
    });
  });
});

test('an entry that was reached by HTTP becomes one with a command', () => {
  const claude = clientOf('claude-code');
  const text = block(claude, { type: 'http', url: 'http://h/mcp', headers: { a: 'b' }, timeout: 5 });
  expect(readEntry(claude, FILE, withEntry(claude, FILE, text, entryFor(claude, LAUNCH, {})))).toEqual({
    type: 'stdio',
    ...LAUNCH,
    timeout: 5,
  });
});

describe('a file in a form that cannot be changed safely is refused', () => {
  test.each([
    { name: 'codex', text: 'mcp_servers = { other = { command = "x" } }\n' },
    { name: 'codex', text: '[mcp_servers]\nthinkmeter = { command = "x" }\n' },
    { name: 'codex', text: 'mcp_servers = 1\n' },
  ])('$name: $text', ({ name, text }) => {
    const client = clientOf(name);
    expect(() => withEntry(client, FILE, text, entryFor(client, LAUNCH, {}))).toThrow(
      'in a form that cannot be changed safely',
    );
  });

  test.each(['{"mcpServers": []}', '[]', '{"mcpServers": null}', '1'])('cursor: %s', (text) => {
    const client = clientOf('cursor');
    expect(() => withEntry(client, FILE, text, entryFor(client, LAUNCH, {}))).toThrow('is not an object');
  });
});

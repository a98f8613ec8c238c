/** Tables in the documents are made from the code; `npx vitest run test/documents.test.ts -u` writes them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { installLinksText } from '../distribution/links.ts';
import { SETTINGS, type Setting } from '../src/config/options.ts';
import type { Dialect } from '../src/engine/remote/server/dialect.ts';
import { DIALECTS } from '../src/engine/remote/server/dialects.ts';
import { CLIENTS } from '../src/init/clients.ts';
import type { Machine } from '../src/init/locations.ts';
import type { Tool } from '../src/tool.ts';
import { tools } from '../tools/index.ts';

/** The generated sections, by the document that contains them. */
const DOCUMENTS = {
  'README.md': { tools: tools.map(toolSection).join('\n\n'), install: installLinksText() },
  'docs/clients.md': { clients: clientsTable() },
  'docs/settings.md': { settings: settingsTable() },
  'docs/servers.md': { servers: serversTable() },
};

test.each(Object.entries(DOCUMENTS))('the tables in %s say what the code says', async (name, sections) => {
  const document = readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  const written = Object.entries(sections).reduce(
    (text, [section, table]) => withSection(text, section, table),
    document,
  );
  await expect(written).toMatchFileSnapshot(`../${name}`);
});

test('the README has at most 200 lines', () => {
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8').split('\n').length).toBeLessThanOrEqual(200);
});

test('every link between documents has a target', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'AGENTS.md',
    ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ];
  const broken = documents
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => {
      const text = readFileSync(join(root, name), 'utf8');
      const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
      return targets
        .filter((target) => !existsSync(join(root, dirname(name), target)))
        .map((target) => `${name}: ${target}`);
    });
  expect(broken).toEqual([]);
});

function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [new RegExp(`<!-- ${name}:[^>]*-->\n`).exec(text), text.indexOf(`<!-- /${name} -->`)];
  if (begin === null || end === -1) throw new Error(`there is no section ${name}`);
  return `${text.slice(0, begin.index + begin[0].length)}\n${section}\n\n${text.slice(end)}`;
}

function toolSection({ name, description, input }: Tool): string {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' });
  const rows = Object.entries(properties).map(([field, schema]) => {
    const { description: help = '', ...shape } = typeof schema === 'object' ? schema : {};
    return `| \`${field}\`${required.includes(field) ? ' (required)' : ''} | ${toType(shape)} | ${help} |`;
  });
  if (rows.length === 0) return `**\`${name}\`**: ${description} It takes no input.`;
  return [`**\`${name}\`**: ${description}`, '', '| input | type | description |', '|---|---|---|', ...rows].join('\n');
}

function toType({ type, enum: values, minimum, maximum, items }: z.core.JSONSchema._JSONSchema & object): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (type === 'integer' || type === 'number') return `${type}, ${minimum ?? 0} to ${maximum ?? 'any'}`;
  if (type === 'array') return `list of ${itemsOf(items)}`;
  return type === 'string' ? 'text' : String(type);
}

function itemsOf(items: z.core.JSONSchema.BaseSchema['items']): string {
  if (typeof items !== 'object' || Array.isArray(items) || items.type === 'string') return 'texts';
  if (items.type === 'integer') return 'integers';
  return Object.keys(items.properties ?? {})
    .map((name) => `\`${name}\``)
    .join(', ');
}

function settingsTable(): string {
  const rows = Object.values<Setting>(SETTINGS).map(
    ({ variable, flag, initial, help }) =>
      `| \`${variable}\` | \`${flag}\` | ${initial === '' ? '' : `\`${initial}\``} | ${help} |`,
  );
  return ['| variable | flag | default | description |', '|---|---|---|---|', ...rows].join('\n');
}

function at(platform: Machine['platform'], home: string, env: Machine['env'] = {}): Machine {
  return { platform, home, env, folder: '' };
}

/** Where `thinkmeter init` writes. */
function clientsTable(): string {
  const machines = [at('linux', '~'), at('darwin', '~'), at('win32', '%USERPROFILE%', { APPDATA: '%APPDATA%' })];
  const rows = CLIENTS.map(({ name, title, files, servers, project }) => {
    const [linux = '', mac = '', windows = ''] = machines.map(
      (machine) => `\`${files(machine).find(({ ifThere }) => ifThere === undefined)?.path}\``,
    );
    const unix = linux === mac ? linux : `${linux}; macOS ${mac}`;
    return `| ${title} | \`${name}\` | ${unix} | ${windows} | \`${servers.join('.')}\` | ${project === undefined ? '' : `\`${project.join('/')}\``} |`;
  });
  return [
    '| client | `init` | file on Linux and macOS | file on Windows | servers under | with `--project` |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function serversTable(): string {
  const rows = DIALECTS.filter(({ name }) => name !== 'unknown').map((dialect) => {
    const { name, budget, limitations } = dialect;
    const own = budget === undefined ? '' : `\`${budget.field}\`, with ${budget.needs}`;
    const known = limitations.map(({ of, source }) => `${of} (${source})`).join('; ');
    return `| ${name} | ${toPrompts(dialect)} | ${own} | ${known} |`;
  });
  return ['| server | prompts | server-side budget | known limitations |', '|---|---|---|---|', ...rows].join('\n');
}

function toPrompts({ tokenizer, completions }: Dialect): string {
  if (tokenizer !== undefined) return 'token ids';
  return completions === undefined ? 'chat completions' : 'chat completions; token ids with `THINKMETER_TOKENIZER`';
}

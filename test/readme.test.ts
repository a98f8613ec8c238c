/** The README's tables are made from the code; `npx vitest run test/readme.test.ts -u` writes them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { SETTINGS, type Setting } from '../src/config/options.ts';
import type { Dialect } from '../src/engine/remote/server/dialect.ts';
import { DIALECTS } from '../src/engine/remote/server/dialects.ts';
import type { Tool } from '../src/tool.ts';
import { tools } from '../tools/index.ts';

const README = new URL('../README.md', import.meta.url);

test("README's tables say what the code says", async () => {
  const readme = readFileSync(README, 'utf8');
  const sections = { tools: tools.map(toolSection).join('\n\n'), settings: settingsTable(), servers: serversTable() };
  const written = Object.entries(sections).reduce((text, [name, section]) => withSection(text, name, section), readme);
  await expect(written).toMatchFileSnapshot('../README.md');
});

function withSection(text: string, name: string, section: string): string {
  const [begin, end] = [new RegExp(`<!-- ${name}:[^>]*-->\n`).exec(text), text.indexOf(`<!-- /${name} -->`)];
  if (begin === null || end === -1) throw new Error(`README.md has no section ${name}`);
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

function toType({ type, enum: values, minimum, maximum }: z.core.JSONSchema._JSONSchema & object): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (type === 'integer' || type === 'number') return `${type}, ${minimum ?? 0} to ${maximum ?? 'any'}`;
  return type === 'array' ? 'list of texts' : type === 'string' ? 'text' : String(type);
}

function settingsTable(): string {
  const rows = Object.values<Setting>(SETTINGS).map(
    ({ variable, flag, initial, help }) =>
      `| \`${variable}\` | \`${flag}\` | ${initial === '' ? '' : `\`${initial}\``} | ${help} |`,
  );
  return ['| variable | flag | default | description |', '|---|---|---|---|', ...rows].join('\n');
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

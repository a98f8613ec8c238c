/** What holds for every tool, read where a client reads it: from a real `tools/list`. */
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { tools } from '../../tools/index.ts';
import { CLIENTS, connect, type ListedTool } from '../support/connect.ts';
import { measured } from '../support/measured.ts';
import { Program } from '../support/program.ts';

/** Inputs that stand in the contract (design §4), in order. */
const FIELDS = {
  reason: [
    'question',
    'context',
    'thinking_budget',
    'complexity',
    'profile',
    'answer_tokens',
    'max_seconds',
    'continue_run',
    'early_stop',
    'include_reasoning',
  ],
  answer_fast: ['question', 'context', 'thinking_budget', 'profile', 'answer_tokens', 'max_seconds'],
  analyze_batch: ['instruction', 'items', 'thinking_budget', 'profile', 'answer_tokens', 'max_seconds'],
  execute_step: ['task', 'context', 'complexity', 'profile', 'thinking_budget', 'continue_run'],
  tune_budget: ['cases', 'match', 'budgets', 'repeats', 'tolerance_points', 'save_as', 'max_seconds'],
  server_status: [],
};

const LIMITS = [
  { tool: 'reason', field: 'thinking_budget', minimum: 0, maximum: 32_768 },
  { tool: 'answer_fast', field: 'thinking_budget', minimum: 0, maximum: 256 },
  { tool: 'analyze_batch', field: 'thinking_budget', minimum: 0, maximum: 32_768 },
  { tool: 'execute_step', field: 'thinking_budget', minimum: 0, maximum: 32_768 },
  { tool: 'analyze_batch', field: 'items', minItems: 1, maxItems: 1000 },
];

const anySchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
});

type Schema = z.infer<typeof anySchema>;

let listed: readonly ListedTool[];

beforeAll(async () => {
  const client = await connect();
  listed = await client.listTools();
  await client.close();
});

function find(name: string): ListedTool {
  const found = listed.find((tool) => tool.name === name);
  if (found === undefined) throw new Error(`${name} is not in tools/list`);
  return found;
}

function properties(schema: unknown): Record<string, Schema> {
  const inner = anySchema.parse(schema).properties ?? {};
  return Object.fromEntries(Object.entries(inner).map(([name, value]) => [name, anySchema.parse(value)]));
}

/** The schema and all schemas inside it. */
function withInner(schema: unknown): Schema[] {
  const parsed = anySchema.parse(schema);
  const inner = [...Object.values(parsed.properties ?? {}), ...(parsed.items === undefined ? [] : [parsed.items])];
  return [parsed, ...inner.flatMap(withInner)];
}

test('tools/list has the tools of tools/index.ts, in its order', () => {
  expect(listed.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
});

test('every file in tools/ is a tool of the list, named like it', () => {
  const files = readdirSync(new URL('../../tools', import.meta.url)).filter((file) => file !== 'index.ts');
  expect(files.toSorted()).toEqual(tools.map(({ name }) => `${name.replaceAll('_', '-')}.ts`).toSorted());
});

describe.each(tools.map(({ name }) => ({ name })))('$name', ({ name }) => {
  test('has a snake_case name that leaves room for a client’s prefix', () => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(name.length).toBeLessThanOrEqual(64);
  });

  test('has a title, and a description of less than 1024 characters', () => {
    const { title, description } = find(name);
    expect(title).toMatch(/\S/);
    expect(description).toMatch(/\S/);
    expect(description?.length).toBeLessThan(1024);
  });

  test('takes the fields of the contract, no others', () => {
    expect(Object.keys(properties(find(name).inputSchema))).toEqual(FIELDS[name as keyof typeof FIELDS]);
  });

  // a client that validates a call before it sends it would refuse the field that it added itself (n8n-io/n8n#21500);
  // Gemini's API refuses the keyword (sooperset/mcp-atlassian#626)
  test('has an input schema that is open, as the tool is', () => {
    expect(find(name).inputSchema).toMatchObject({ type: 'object' });
    expect(find(name).inputSchema).not.toHaveProperty('additionalProperties');
  });

  test('describes every input field', () => {
    const blank = Object.entries(properties(find(name).inputSchema)).filter(([, { description = '' }]) => !description);
    expect(blank).toEqual([]);
  });

  test('has flat inputs: each a plain type or a list, without unions, null or references', () => {
    const kinds = Object.values(properties(find(name).inputSchema)).map(({ type, items }) =>
      type === 'array' ? `list of ${String(anySchema.parse(items).type)}` : String(type),
    );
    // only a case of a tuning is an object
    const lists = name === 'tune_budget' ? ['list of object', 'list of integer'] : ['list of string'];
    const flat = ['string', 'integer', 'number', 'boolean', ...lists];
    expect(kinds.filter((kind) => !flat.includes(kind))).toEqual([]);
    expect(JSON.stringify(find(name).inputSchema)).not.toMatch(/"(anyOf|oneOf|allOf|not|\$ref|\$defs|const)"|null/);
  });

  test('says all four annotations: it reads, and reaches a model', () => {
    expect(find(name).annotations).toMatchObject({
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: true,
    });
  });

  test('has an output schema that is closed at every level', () => {
    const objects = withInner(find(name).outputSchema).filter(({ type }) => type === 'object');
    expect(objects.length).toBeGreaterThan(1);
    expect(objects.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
  });

  test('names no dialect in its schemas: the protocol then means 2020-12', () => {
    expect(find(name).inputSchema).not.toHaveProperty('$schema');
    expect(find(name).outputSchema).not.toHaveProperty('$schema');
  });
});

test.each(LIMITS)('$tool.$field has the limits of the contract', ({ tool, field, ...limits }) => {
  expect(properties(find(tool).inputSchema)[field]).toMatchObject(limits);
});

test('complexity is one of four words', () => {
  expect(properties(find('reason').inputSchema)['complexity']).toMatchObject({
    enum: ['simple', 'medium', 'complex', 'critical'],
  });
});

test('every client sees the same tools', async () => {
  const seen = await Promise.all(
    CLIENTS.map(async (client) => {
      const connection = await connect({ client });
      onTestFinished(() => connection.close());
      const list = await connection.listTools();
      return list.map(({ name, inputSchema, outputSchema }) => ({ name, inputSchema, outputSchema }));
    }),
  );
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

test('what a model is handed stays under 1,500 tokens, the whole list under 3,000', async () => {
  const program = new Program({});
  onTestFinished(() => program.kill());
  await program.initialize();
  const { result } = await program.response(program.request('tools/list'));
  const whole = tokens(result);
  const handed = listed.reduce(
    (sum, { name, description, inputSchema }) => sum + tokens({ name, description, inputSchema }),
    0,
  );
  measured('tools/list, names + descriptions + input schemas', `${handed} tokens (characters / 4)`);
  measured('tools/list, whole', `${whole} tokens (characters / 4)`);
  expect(handed).toBeLessThan(1500);
  expect(whole).toBeLessThan(3000);
});

function tokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}

/** An MCP tool as a value: schemas, texts and handler. The tools themselves are in `tools/`. */
import * as z from 'zod';
import type { Progress } from './budget/values.ts';
import { InvalidInputError } from './errors.ts';
import type { ToolResult } from './report/tool-result.ts';
import type { Runner } from './runner.ts';

/** The operator's settings that tools use. */
export type ToolDefaults = {
  /** in tokens; the budget of `reason` if the call names neither budget nor complexity */
  readonly thinkingBudget: number;
  /** absent: no limit */
  readonly maxSeconds: number | undefined;
  readonly systemPrompt: string | undefined;
};

export type ToolContext = {
  readonly runner: Runner;
  readonly defaults: ToolDefaults;
  readonly signal: AbortSignal;
  /** when the call arrived, on the runner's clock */
  readonly startedAt: number;
  readonly progress: (progress: Progress) => void;
};

type Definition<Input extends z.ZodObject> = {
  /** snake_case; the file is named after it */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** strict: an unknown field is an error; flat: no nested objects */
  readonly input: Input;
  readonly output: z.ZodObject;
  run(input: z.infer<Input>, context: ToolContext): Promise<ToolResult>;
};

export type Tool = Omit<Definition<z.ZodObject>, 'run'> & {
  /** Validates the raw arguments and runs the tool. @throws {InvalidInputError} */
  call(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<ToolResult>;
};

export function defineTool<Input extends z.ZodObject>(definition: Definition<Input>): Tool {
  const { name, title, description, input, output } = definition;
  const call: Tool['call'] = async (args, context) => definition.run(parseArguments(input, args), context);
  return { name, title, description, input, output, call };
}

/**
 * Parses arguments as clients send them. `null` and blank text count as absent. If the schema expects a number, a
 * string of digits is read as one, because models write "512". Nothing else is coerced.
 */
function parseArguments<Input extends z.ZodObject>(
  schema: Input,
  args: Readonly<Record<string, unknown>>,
): z.infer<Input> {
  const present = Object.entries(args).filter(
    ([, value]) => value !== null && !(typeof value === 'string' && value.trim() === ''),
  );
  const read = present.map(([name, value]) => [name, isNumber(schema.shape[name]) ? toNumber(value) : value]);
  const given = Object.fromEntries(read);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(parsed.error.issues.map((issue) => toProblem(issue, schema, given)).join('; '), {
    hint: 'correct the arguments and call again',
    cause: parsed.error,
  });
}

function isNumber(field: unknown): boolean {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return isNumber(field.unwrap());
  return field instanceof z.ZodNumber;
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value;
}

function toProblem(issue: z.core.$ZodIssue, schema: z.ZodObject, args: Readonly<Record<string, unknown>>): string {
  if (issue.code === 'unrecognized_keys') {
    const unknown = `${clipped(issue.keys.join(', '))} ${issue.keys.length === 1 ? 'is not a field' : 'are not fields'}`;
    return `${unknown}; the fields are ${Object.keys(schema.shape).join(', ')}`;
  }
  const [name = '', index] = issue.path.map(String);
  const wanted = toWords(z.toJSONSchema(schema, { io: 'input' }).properties?.[name]);
  if (!(name in args)) return `${name} is missing or blank; ${name} must be ${wanted}`;
  const problem = `${name} must be ${wanted}`;
  return index === undefined ? `${problem}, not ${shown(args[name])}` : `${problem}; item ${index} is not`;
}

/** Describes one of our JSON Schemas in words. */
function toWords(schema: z.core.JSONSchema._JSONSchema | undefined): string {
  if (typeof schema !== 'object') return 'given';
  const { type, enum: values, minimum, maximum, exclusiveMinimum, minItems, maxItems } = schema;
  if (values !== undefined) return `one of ${values.join(', ')}`;
  if (type === 'array') return `a list of ${minItems ?? 0} to ${maxItems ?? 'any number of'} texts`;
  if (type !== 'integer' && type !== 'number') return type === 'boolean' ? 'true or false' : 'a text';
  return `a ${type === 'integer' ? 'whole ' : ''}number from ${minimum ?? exclusiveMinimum ?? 0} to ${maximum ?? 'any'}`;
}

/** A received value, shortened if it is long. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return clipped(JSON.stringify(value) ?? 'absent');
}

function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** An MCP tool as a value: schemas, texts and handler. The tools themselves are in `tools/`. */
import type * as z from 'zod';
import { readArguments } from './arguments.ts';
import type { Progress } from './budget/values.ts';
import type { ToolResult } from './report/tool-result.ts';
import type { Runner } from './runner.ts';
import type { Profiles } from './tuning/profiles/profiles.ts';
import type { TuningStore } from './tuning/sweep/kept.ts';

/** The operator's settings that tools use. */
export type ToolDefaults = {
  /** in tokens; the budget of `reason` if the call names neither budget nor complexity */
  readonly thinkingBudget: number;
  /** absent: no limit */
  readonly maxSeconds: number | undefined;
  readonly systemPrompt: string | undefined;
  /** its name; calls that do not say how much to think use its budget */
  readonly profile?: string | undefined;
};

export type ToolContext = {
  readonly runner: Runner;
  readonly profiles: Profiles;
  /** where tunings outlive the process */
  readonly tunings?: TuningStore | undefined;
  readonly defaults: ToolDefaults;
  readonly signal: AbortSignal;
  /** when the call arrived, on the runner's clock */
  readonly startedAt: number;
  readonly progress: (progress: Progress) => void;
};

/** What `run` is given in addition to its input. */
export type RunContext = ToolContext & {
  /** for the caller, about the interpretation of the arguments; they belong into the result */
  readonly warnings: readonly string[];
};

type Definition<Input extends z.ZodObject> = {
  /** snake_case; the file is named after it */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** flat: no nested objects; open, because clients add fields of their own (`arguments.ts`) */
  readonly input: Input;
  readonly output: z.ZodObject;
  run(input: z.infer<Input>, context: RunContext): Promise<ToolResult>;
};

export type Tool = Omit<Definition<z.ZodObject>, 'run'> & {
  /** Reads the arguments, which may be any JSON value, and runs the tool. @throws {InvalidInputError} */
  call(args: unknown, context: ToolContext): Promise<ToolResult>;
};

export function defineTool<Input extends z.ZodObject>(definition: Definition<Input>): Tool {
  const { name, title, description, input, output } = definition;
  const call: Tool['call'] = async (args, context) => {
    const read = readArguments(input, args);
    return definition.run(read.input, { ...context, warnings: read.warnings });
  };
  return { name, title, description, input, output, call };
}

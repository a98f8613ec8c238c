import * as z from 'zod';
import { InvalidInputError } from '../src/errors.ts';
import { maxSeconds } from '../src/fields.ts';
import { defineTool } from '../src/tool.ts';
import { tuneResultSchema } from '../src/tuning/schema.ts';
import { MATCHES } from '../src/tuning/values.ts';

const MOST_CASES = 200;

export const tuneBudget = defineTool({
  name: 'tune_budget',
  title: 'Find the thinking budget that is enough',
  description:
    'Measures which thinking budget is enough: runs cases with known answers under several budgets, and recommends the cheapest that loses nothing. May take minutes.',
  input: z.object({
    cases: z
      .array(z.looseObject({ question: z.string(), context: z.string().optional(), expected: z.string() }))
      .min(1)
      .max(MOST_CASES)
      .describe('1 to 200 problems with their right answers'),
    match: z.enum(MATCHES).optional().describe('How answers are compared; default number'),
    budgets: z.array(z.int().min(0).max(32_768)).min(1).max(20).optional().describe('Default 0, 64 … 2048'),
    repeats: z.int().min(1).max(20).optional().describe('Runs of each case; default 1'),
    tolerance_points: z.number().min(0).max(50).optional().describe('Points of accuracy that may be lost; default 1'),
    save_as: z.string().optional().describe('Name of the profile to save'),
    max_seconds: maxSeconds,
  }),
  output: tuneResultSchema,
  async run(args, parts) {
    // a server that tunes nothing starts faster without it
    const [{ toCases }, { DEFAULT_BUDGETS }, { tune }, { tuneToolResult }] = await Promise.all([
      import('../src/tuning/cases/to-cases.ts'),
      import('../src/tuning/sweep/task.ts'),
      import('../src/tuning/sweep/tune.ts'),
      import('../src/report/tuning.ts'),
    ]);
    const { runner, defaults, profiles, tunings, warnings, ...call } = parts;
    const { cases, match, warnings: about } = toCases(args.cases, (index) => `case ${index + 1}`);
    if (cases.length === 0) throw new InvalidInputError('cases is empty', { hint: 'give at least one' });
    const result = await tune(
      {
        cases,
        match: args.match ?? match ?? 'number',
        budgets: args.budgets ?? DEFAULT_BUDGETS,
        repeats: args.repeats ?? 1,
        tolerancePoints: args.tolerance_points ?? 1,
        saveAs: args.save_as,
        maxSeconds: args.max_seconds ?? defaults.maxSeconds,
        systemPrompt: defaults.systemPrompt,
        warnings: [...warnings, ...about],
      },
      { runner, profiles, store: tunings, ...call },
    );
    return tuneToolResult(result, call.signal);
  },
});

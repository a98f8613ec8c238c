import * as z from 'zod';
import { COMPLEXITY } from '../src/budget/presets.ts';
import { orContinues, questionOf } from '../src/continued.ts';
import { complexity, context, continueRun, profile, thinkingBudget } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { stepParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';
import { chosenProfile, withProfileWarning } from '../src/tuning/profiles/chosen.ts';

const DEFAULTS = { thinking: COMPLEXITY.medium, answer: 1024 } as const;

export const executeStep = defineTool({
  name: 'execute_step',
  title: 'Execute one step of a workflow',
  description:
    'Executes one step of a workflow or agent: give the task, the context it needs, and how complex it is. continue_run thinks on from an earlier step.',
  input: z
    .object({
      task: z.string().optional().describe('What to do; optional with continue_run'),
      context,
      complexity,
      profile,
      thinking_budget: thinkingBudget(32_768, 'Hard limit on thinking tokens; default 512'),
      continue_run: continueRun,
    })
    .refine(...orContinues('task')),
  output: runResultSchema,
  async run(args, { runner, defaults, profiles, warnings, ...call }) {
    const chosen = await chosenProfile(args, { profiles, operators: defaults.profile });
    const { task, context: about, continue_run: run } = args;
    const ignored = task === undefined && about !== undefined ? ['context was ignored, because no task was given'] : [];
    const outcome = await runner.run(
      {
        tool: 'execute_step',
        ...(await questionOf(
          {
            instruction: 'You manage a workflow and execute its steps.',
            parts: task === undefined ? [] : stepParts(task, about),
            run,
          },
          { runner, defaults },
        )),
        ...readLimits(args, { ...DEFAULTS, profile: chosen }, defaults, [...warnings, ...ignored]),
      },
      call,
    );
    return runToolResult(withProfileWarning(outcome, chosen), false);
  },
});

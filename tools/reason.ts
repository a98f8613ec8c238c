import * as z from 'zod';
import { orContinues, questionOf } from '../src/continued.ts';
import {
  answerTokens,
  complexity,
  context,
  continueRun,
  earlyStop,
  maxSeconds,
  profile,
  question,
  thinkingBudget,
} from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { questionParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';
import { chosenProfile, withProfileWarning } from '../src/tuning/profiles/chosen.ts';

const DEFAULT_ANSWER_TOKENS = 1024;

const input = z
  .object({
    question: question.optional().describe('The question; must be self-contained; optional with continue_run'),
    context,
    thinking_budget: thinkingBudget(32_768, "Hard limit on thinking tokens; default: the operator's, usually 512"),
    complexity,
    profile,
    answer_tokens: answerTokens(DEFAULT_ANSWER_TOKENS),
    max_seconds: maxSeconds,
    continue_run: continueRun,
    early_stop: earlyStop,
    include_reasoning: z.boolean().optional().describe('Also return the reasoning'),
  })
  .refine(...orContinues('question'));

export const reason = defineTool({
  name: 'reason',
  title: 'Reason within a thinking budget',
  description:
    'Gives one hard problem (math, logic, planning, analysis) to a Nemotron reasoning model, which thinks for at most thinking_budget tokens and then answers. The linked resource has the full reasoning.',
  input,
  output: runResultSchema,
  async run(args, { runner, defaults, profiles, warnings, ...call }) {
    const chosen = await chosenProfile(args, { profiles, operators: defaults.profile });
    const byDefault = { thinking: defaults.thinkingBudget, answer: DEFAULT_ANSWER_TOKENS, profile: chosen };
    const asked = args.question === undefined ? [] : questionParts(args.question, args.context);
    const outcome = await runner.run(
      {
        tool: 'reason',
        ...(await questionOf(
          { instruction: 'You are a careful reasoner.', parts: asked, run: args.continue_run },
          { runner, defaults },
        )),
        ...readLimits(args, byDefault, defaults, [...warnings, ...unused(args)]),
      },
      call,
    );
    return runToolResult(withProfileWarning(outcome, chosen), args.include_reasoning === true);
  },
});

function unused({ question: asked, context: about }: z.infer<typeof input>): string[] {
  return about !== undefined && asked === undefined ? ['context was ignored, because no question was given'] : [];
}

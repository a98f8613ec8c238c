import * as z from 'zod';
import { answerTokens, context, maxSeconds, profile, question, thinkingBudget } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { questionParts, systemParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';
import { chosenProfile, withProfileWarning } from '../src/tuning/profiles/chosen.ts';

const DEFAULT_ANSWER_TOKENS = 512;
const MOST_THINKING = 256;

export const answerFast = defineTool({
  name: 'answer_fast',
  title: 'Answer at once',
  description:
    'Gets a quick answer from the same model, with little or no thinking. For lookups, rewording, classification and other tasks that need no reasoning.',
  input: z.object({
    question,
    context,
    thinking_budget: thinkingBudget(MOST_THINKING, 'Hard limit on thinking tokens; default 0: no thinking'),
    profile,
    answer_tokens: answerTokens(DEFAULT_ANSWER_TOKENS),
    max_seconds: maxSeconds,
  }),
  output: runResultSchema,
  async run(args, { runner, defaults, profiles, warnings, ...call }) {
    // the operator's profile is for questions that need thinking
    const chosen = await chosenProfile(args, { profiles, operators: undefined });
    const byDefault = { thinking: 0, answer: DEFAULT_ANSWER_TOKENS, profile: chosen, most: MOST_THINKING };
    const outcome = await runner.run(
      {
        tool: 'answer_fast',
        system: systemParts('Answer the question.', defaults.systemPrompt),
        user: questionParts(args.question, args.context),
        ...readLimits(args, byDefault, defaults, warnings),
      },
      call,
    );
    return runToolResult(withProfileWarning(outcome, chosen), false);
  },
});

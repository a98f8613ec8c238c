import * as z from 'zod';
import { answerTokens, context, maxSeconds, question } from '../src/fields.ts';
import { questionParts, systemParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';

const DEFAULT_ANSWER_TOKENS = 512;

export const answerFast = defineTool({
  name: 'answer_fast',
  title: 'Answer at once',
  description:
    'Asks the same model for a quick answer, with thinking off or kept tiny. For lookups, rewording, classification: whatever needs no reasoning.',
  input: z.strictObject({
    question,
    context,
    thinking_budget: z.int().min(0).max(256).optional().describe('Hard cap on thinking tokens; default 0: no thinking'),
    answer_tokens: answerTokens(DEFAULT_ANSWER_TOKENS),
    max_seconds: maxSeconds,
  }),
  output: runResultSchema,
  async run(args, { runner, defaults, ...call }) {
    const maxTime = args.max_seconds ?? defaults.maxSeconds;
    const outcome = await runner.run(
      {
        system: systemParts('Answer the question.', defaults.systemPrompt),
        user: questionParts(args.question, args.context),
        thinkingBudget: { tokens: args.thinking_budget ?? 0, given: args.thinking_budget !== undefined },
        answerTokens: { tokens: args.answer_tokens ?? DEFAULT_ANSWER_TOKENS, given: args.answer_tokens !== undefined },
        ...(maxTime === undefined ? {} : { maxSeconds: maxTime }),
      },
      call,
    );
    return runToolResult(outcome, false);
  },
});

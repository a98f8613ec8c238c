import * as z from 'zod';
import { answerTokens, context, maxSeconds, question } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { questionParts, systemParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';

const DEFAULT_ANSWER_TOKENS = 1024;

const input = z.strictObject({
  question,
  context,
  thinking_budget: z
    .int()
    .min(0)
    .max(32_768)
    .optional()
    .describe('Hard cap on thinking tokens, 0: no thinking; the operator sets the default, usually 512'),
  complexity: z
    .enum(['simple', 'medium', 'complex', 'critical'])
    .optional()
    .describe('Instead of thinking_budget: 128, 512, 1024, 2048'),
  answer_tokens: answerTokens(DEFAULT_ANSWER_TOKENS),
  max_seconds: maxSeconds,
  include_reasoning: z.boolean().optional().describe('Return the reasoning as well'),
});

export const reason = defineTool({
  name: 'reason',
  title: 'Reason within a thinking budget',
  description:
    'Hands one hard problem (math, logic, planning, analysis) to a Nemotron reasoning model, which thinks for at most thinking_budget tokens and then answers. Returns the answer and the tokens really used; the full reasoning is behind the linked resource.',
  input,
  output: runResultSchema,
  async run(args, { runner, defaults, ...call }) {
    const byDefault = { thinking: defaults.thinkingBudget, answer: DEFAULT_ANSWER_TOKENS };
    const outcome = await runner.run(
      {
        system: systemParts('You are a careful reasoner.', defaults.systemPrompt),
        user: questionParts(args.question, args.context),
        ...readLimits(args, byDefault, defaults),
      },
      call,
    );
    return runToolResult(outcome, args.include_reasoning === true);
  },
});

import * as z from 'zod';
import { answerTokens, context, maxSeconds, question, thinkingBudget } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { questionParts, systemParts } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool } from '../src/tool.ts';

const DEFAULT_ANSWER_TOKENS = 1024;

const input = z.object({
  question,
  context,
  thinking_budget: thinkingBudget(
    32_768,
    'Hard limit on thinking tokens; 0: no thinking; the operator sets the default, usually 512',
  ),
  complexity: z
    .enum(['simple', 'medium', 'complex', 'critical'])
    .optional()
    .describe('Use instead of thinking_budget: 128, 512, 1024, 2048'),
  answer_tokens: answerTokens(DEFAULT_ANSWER_TOKENS),
  max_seconds: maxSeconds,
  include_reasoning: z.boolean().optional().describe('Also return the reasoning'),
});

export const reason = defineTool({
  name: 'reason',
  title: 'Reason within a thinking budget',
  description:
    'Gives one hard problem (math, logic, planning, analysis) to a Nemotron reasoning model, which thinks for at most thinking_budget tokens and then answers. Returns the answer and the number of tokens used; the linked resource contains the full reasoning.',
  input,
  output: runResultSchema,
  async run(args, { runner, defaults, warnings, ...call }) {
    const byDefault = { thinking: defaults.thinkingBudget, answer: DEFAULT_ANSWER_TOKENS };
    const outcome = await runner.run(
      {
        tool: 'reason',
        system: systemParts('You are a careful reasoner.', defaults.systemPrompt),
        user: questionParts(args.question, args.context),
        ...readLimits(args, byDefault, defaults, warnings),
      },
      call,
    );
    return runToolResult(outcome, args.include_reasoning === true);
  },
});

import * as z from 'zod';
import { COMPLEXITY } from '../src/budget/presets.ts';
import { answerTokens, context, maxSeconds, question } from '../src/fields.ts';
import { questionParts, systemParts, type Amount } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool, type ToolDefaults } from '../src/tool.ts';

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
    const { budget, warnings } = chooseBudget(args, defaults);
    const maxTime = args.max_seconds ?? defaults.maxSeconds;
    const outcome = await runner.run(
      {
        system: systemParts('You are a careful reasoner.', defaults.systemPrompt),
        user: questionParts(args.question, args.context),
        thinkingBudget: budget,
        answerTokens: { tokens: args.answer_tokens ?? DEFAULT_ANSWER_TOKENS, given: args.answer_tokens !== undefined },
        ...(maxTime === undefined ? {} : { maxSeconds: maxTime }),
        warnings,
      },
      call,
    );
    return runToolResult(outcome, args.include_reasoning === true);
  },
});

/** The number wins over the word; the word, like a default, may shrink to fit the window. */
function chooseBudget(
  { thinking_budget: tokens, complexity }: z.infer<typeof input>,
  defaults: ToolDefaults,
): { budget: Amount; warnings: string[] } {
  if (tokens !== undefined) {
    const warnings =
      complexity === undefined ? [] : [`complexity was left out of account: thinking_budget ${tokens} was given`];
    return { budget: { tokens, given: true }, warnings };
  }
  const chosen = complexity === undefined ? defaults.thinkingBudget : COMPLEXITY[complexity];
  return { budget: { tokens: chosen, given: false }, warnings: [] };
}

import * as z from 'zod';
import { answerTokens, context, maxSeconds, question, thinkingBudget } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { questionParts, systemParts, type Part, type Question } from '../src/prompt/question.ts';
import { runResultSchema } from '../src/report/schema.ts';
import { runToolResult } from '../src/report/tool-result.ts';
import { defineTool, type ToolContext } from '../src/tool.ts';

const DEFAULT_ANSWER_TOKENS = 1024;

const fields = z.object({
  question: question.optional().describe('The question; must be self-contained; optional with continue_run'),
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
  continue_run: z
    .string()
    .optional()
    .describe('run_id of an earlier result: think on from there, thinking_budget tokens more, also without a question'),
  include_reasoning: z.boolean().optional().describe('Also return the reasoning'),
});

const input = fields.refine(({ question: asked, continue_run: run }) => asked !== undefined || run !== undefined, {
  path: ['question'],
  // also if another field is wrong: all that is wrong is said at once
  when: () => true,
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
    const asked = args.question === undefined ? [] : questionParts(args.question, args.context);
    const instruction = systemParts('You are a careful reasoner.', defaults.systemPrompt);
    const outcome = await runner.run(
      {
        tool: 'reason',
        ...(args.continue_run === undefined
          ? { system: instruction, user: asked }
          : await continued(args.continue_run, asked, runner)),
        ...readLimits(args, byDefault, defaults, [...warnings, ...unused(args)]),
      },
      call,
    );
    return runToolResult(outcome, args.include_reasoning === true);
  },
});

function unused({ question: asked, context: about }: z.infer<typeof input>): string[] {
  return about !== undefined && asked === undefined ? ['context was ignored, because no question was given'] : [];
}

/** A link from a result names the run as well. */
const LINK = /^thinkmeter:\/\/runs\//;

/** The earlier question, then the new one if there is one, and the thinking so far. */
async function continued(
  run: string,
  asked: readonly Part[],
  runner: ToolContext['runner'],
): Promise<Pick<Question, 'system' | 'user' | 'earlier'>> {
  const { parts, thought } = await runner.earlier(run.trim().replace(LINK, ''));
  const user = asked.length === 0 ? parts.user : [...parts.user, { from: 'ours', text: '\n\n' } as const, ...asked];
  return { system: parts.system, user, ...(thought !== undefined && { earlier: thought }) };
}

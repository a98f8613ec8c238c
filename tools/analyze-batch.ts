import * as z from 'zod';
import type { Outcome } from '../src/budget/outcome.ts';
import type { Progress } from '../src/budget/values.ts';
import { BatchTime } from '../src/batch-time.ts';
import { CancelledError, EngineTimeoutError, ThinkmeterError, toSentence } from '../src/errors.ts';
import { answerTokens, maxSeconds, profile, thinkingBudget } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { itemParts, systemParts, type Question } from '../src/prompt/question.ts';
import { toBatchResult, type ItemEnd } from '../src/report/batch.ts';
import { batchResultSchema } from '../src/report/schema.ts';
import { batchToolResult } from '../src/report/tool-result.ts';
import { defineTool, type ToolContext } from '../src/tool.ts';
import { chosenProfile, withProfileWarning } from '../src/tuning/profiles/chosen.ts';

/** In tokens, for each item. */
const DEFAULTS = { thinking: 1024, answer: 512 } as const;

export const analyzeBatch = defineTool({
  name: 'analyze_batch',
  title: 'Reason about many items',
  description:
    'Applies one instruction to each of many items in parallel, each with its own thinking budget. At the deadline, the results so far are returned; items not begun are listed in remaining.',
  input: z.object({
    instruction: z.string().describe('What to do with each item'),
    items: z.array(z.string()).min(1).max(1000).describe('1 to 1000 texts'),
    thinking_budget: thinkingBudget(32_768, 'Hard limit on thinking tokens per item; default 1024'),
    profile,
    answer_tokens: answerTokens(DEFAULTS.answer),
    max_seconds: maxSeconds,
  }),
  output: batchResultSchema,
  async run({ instruction, items, ...args }, context) {
    const { defaults, runner, profiles, startedAt, warnings } = context;
    const chosen = await chosenProfile(args, { profiles, operators: defaults.profile });
    const limits = readLimits(args, { ...DEFAULTS, profile: chosen }, defaults, warnings);
    const shared = {
      tool: 'analyze_batch',
      system: systemParts('You are a careful reasoner.', defaults.systemPrompt),
      ...limits,
    };
    const maxTime = limits.maxSeconds;
    // what would fail every item fails the call, once
    await runner.ready(maxTime, context);
    const batch = new Batch(context, items.length, maxTime);
    const ends = await Promise.all(
      items.map((item, index) => batch.ask({ ...shared, user: itemParts(instruction, item, index) }, item)),
    );
    const checked = ends.map((end) =>
      end.kind === 'answered' ? { ...end, outcome: withProfileWarning(end.outcome, chosen) } : end,
    );
    const result = toBatchResult(checked, runner.clock.now() - startedAt, warnings);
    const reasoning = ends.map((end) => reasoningOf(end));
    return batchToolResult(result, runner.keep(result, reasoning, { tool: 'analyze_batch', question: instruction }));
  },
});

function reasoningOf(end: ItemEnd): string {
  if (end.kind === 'remaining') return '';
  return end.kind === 'answered' ? end.outcome.reasoning : end.reasoning;
}

/** By the deadline: its duration is not that of a whole item. */
function isShortened({ thinkingEndedBy, answerEndedBy }: Outcome): boolean {
  return thinkingEndedBy === 'deadline' || answerEndedBy === 'deadline';
}

/** What the items of one call share: the time, and how far they are. */
class Batch {
  readonly #context: ToolContext;
  readonly #items: number;
  readonly #time: BatchTime;
  #thinkingTokens = 0;
  #answerTokens = 0;
  #over = 0;

  constructor(context: ToolContext, items: number, maxTime: number | undefined) {
    this.#context = context;
    this.#items = items;
    this.#time = new BatchTime(context.startedAt, maxTime);
  }

  async ask(question: Question, item: string): Promise<ItemEnd> {
    if (item.trim() === '') return { kind: 'failed', error: 'the item is blank', thinkingTokens: 0, reasoning: '' };
    const { runner, signal, startedAt } = this.#context;
    const { clock } = runner;
    let last: Progress | undefined;
    let begunAt = startedAt;
    try {
      const outcome = await runner.runInBulk(question, {
        signal,
        startedAt,
        stillWanted: () => {
          begunAt = clock.now();
          return this.#time.mayBegin(begunAt);
        },
        progress: (progress) => {
          this.#report(progress, last);
          last = progress;
        },
      });
      if (outcome === undefined) return { kind: 'remaining' };
      if (!isShortened(outcome)) this.#time.answered(clock.now() - begunAt);
      return { kind: 'answered', outcome };
    } catch (error) {
      if (!(error instanceof ThinkmeterError) || error instanceof CancelledError) throw error;
      const { thinkingTokens = 0, reasoning = '' } = error.partial ?? {};
      // the server had no place for it: nothing was generated, and nothing is wrong with the item
      if (error instanceof EngineTimeoutError && thinkingTokens === 0) return { kind: 'remaining' };
      return { kind: 'failed', error: toSentence(error), thinkingTokens, reasoning };
    } finally {
      this.#over++;
    }
  }

  /** The tokens of all items together. */
  #report(progress: Progress, last: Progress | undefined): void {
    this.#thinkingTokens += progress.thinkingTokens - (last?.thinkingTokens ?? 0);
    this.#answerTokens += progress.answerTokens - (last?.answerTokens ?? 0);
    this.#context.progress({
      phase: progress.phase,
      thinkingTokens: this.#thinkingTokens,
      answerTokens: this.#answerTokens,
      message: progress.message ?? `${this.#over} of ${this.#items} items`,
    });
  }
}

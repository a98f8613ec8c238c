import * as z from 'zod';
import type { Progress } from '../src/budget/values.ts';
import { CancelledError, ThinkmeterError, toSentence } from '../src/errors.ts';
import { answerTokens, maxSeconds } from '../src/fields.ts';
import { readLimits } from '../src/limits.ts';
import { itemParts, systemParts, type Question } from '../src/prompt/question.ts';
import { toBatchResult, type ItemEnd } from '../src/report/batch.ts';
import { batchResultSchema } from '../src/report/schema.ts';
import { batchToolResult } from '../src/report/tool-result.ts';
import { defineTool, type ToolContext } from '../src/tool.ts';

/** In tokens, for each item. */
const DEFAULTS = { thinking: 1024, answer: 512 } as const;
/** Of the whole time: with less left, an item that has not begun would hardly be answered. */
const LEAST_TIME = 1 / 3;

export const analyzeBatch = defineTool({
  name: 'analyze_batch',
  title: 'Reason about many items',
  description:
    'Applies one instruction to each of many items in parallel, each with its own thinking budget. If an item fails, the others continue; at the deadline, the results so far are returned and the items not begun are listed in remaining.',
  input: z.strictObject({
    instruction: z.string().describe('What to do with each item'),
    items: z.array(z.string()).min(1).max(1000).describe('1 to 1000 texts'),
    thinking_budget: z
      .int()
      .min(0)
      .max(32_768)
      .optional()
      .describe('Hard limit on thinking tokens per item; default 1024'),
    answer_tokens: answerTokens(DEFAULTS.answer),
    max_seconds: maxSeconds,
  }),
  output: batchResultSchema,
  async run({ instruction, items, ...args }, context) {
    const { defaults, runner, startedAt } = context;
    const limits = readLimits(args, DEFAULTS, defaults);
    const shared = { system: systemParts('You are a careful reasoner.', defaults.systemPrompt), ...limits };
    const maxTime = limits.maxSeconds;
    // what would fail every item fails the call, once
    await runner.ready(maxTime, context);
    const batch = new Batch(context, items.length, maxTime);
    const ends = await Promise.all(
      items.map((item, index) => batch.ask({ ...shared, user: itemParts(instruction, item, index) }, item)),
    );
    const result = toBatchResult(ends, runner.clock.now() - startedAt);
    const reasoning = ends.map((end) => reasoningOf(end));
    return batchToolResult(result, runner.keep(result, reasoning));
  },
});

function reasoningOf(end: ItemEnd): string {
  if (end.kind === 'remaining') return '';
  return end.kind === 'answered' ? end.outcome.reasoning : end.reasoning;
}

/** What the items of one call share: the time, and how far they are. */
class Batch {
  readonly #context: ToolContext;
  readonly #items: number;
  /** the moment after which no item begins */
  readonly #lastStart: number;
  #thinkingTokens = 0;
  #answerTokens = 0;
  #over = 0;

  constructor(context: ToolContext, items: number, maxTime: number | undefined) {
    this.#context = context;
    this.#items = items;
    this.#lastStart = maxTime === undefined ? Infinity : context.startedAt + maxTime * 1000 * (1 - LEAST_TIME);
  }

  async ask(question: Question, item: string): Promise<ItemEnd> {
    if (item.trim() === '') return { kind: 'failed', error: 'the item is blank', thinkingTokens: 0, reasoning: '' };
    const { runner, signal, startedAt } = this.#context;
    let last: Progress | undefined;
    try {
      const outcome = await runner.runInBulk(question, {
        signal,
        startedAt,
        stillWanted: () => runner.clock.now() < this.#lastStart,
        progress: (progress) => {
          this.#report(progress, last);
          last = progress;
        },
      });
      return outcome === undefined ? { kind: 'remaining' } : { kind: 'answered', outcome };
    } catch (error) {
      if (!(error instanceof ThinkmeterError) || error instanceof CancelledError) throw error;
      const { thinkingTokens = 0, reasoning = '' } = error.partial ?? {};
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

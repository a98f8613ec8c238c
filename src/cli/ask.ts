/** `thinkmeter ask`: one question, for people and for pipes. The answer on stdout, everything else on stderr. */
import { text } from 'node:stream/consumers';
import { reason } from '../../tools/reason.ts';
import { COMPLEXITY } from '../budget/presets.ts';
import type { Parts } from '../compose.ts';
import { InvalidInputError } from '../errors.ts';
import type { RunResult } from '../report/result.ts';
import { numbersLine } from '../report/text.ts';
import { Meter } from './meter.ts';
import { dimmed, type Terminal } from './terminal.ts';

export type AskOptions = {
  readonly budget?: string;
  readonly complexity?: string;
  readonly answerTokens?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** the id of an earlier run */
  readonly continueRun?: string;
};

type WholeRun = RunResult & { readonly reasoning: string };

export async function ask(
  given: string | undefined,
  options: AskOptions,
  { runner, runs, state, profiles, defaults }: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const question = given ?? (options.continueRun === undefined ? await fromStdin(terminal) : null);
  const meter = new Meter(terminal, () => runner.clock.now());
  const budget = Number(
    options.budget ?? COMPLEXITY[options.complexity as keyof typeof COMPLEXITY] ?? defaults.thinkingBudget,
  );
  // absent and null are the same to a tool, and its numbers may come as digits
  const args = {
    question,
    thinking_budget: options.budget ?? null,
    complexity: options.complexity ?? null,
    answer_tokens: options.answerTokens ?? null,
    continue_run: options.continueRun === undefined ? null : await wholeId(options.continueRun, state),
  };
  try {
    const { runId } = await reason.call(args, {
      runner,
      profiles,
      defaults,
      signal,
      startedAt: runner.clock.now(),
      progress: (progress) => {
        if (options.quiet !== true && options.json !== true) meter.show(progress, budget);
      },
    });
    meter.clear();
    print(runs.get(runId ?? '') as WholeRun, options, terminal);
  } finally {
    meter.clear();
  }
}

function print(run: WholeRun, { json, quiet }: AskOptions, terminal: Terminal): void {
  if (json === true) {
    terminal.stdout.write(`${JSON.stringify(run)}\n`);
    return;
  }
  if (quiet !== true && run.reasoning !== '') terminal.stderr.write(`${dimmed(run.reasoning.trimEnd(), terminal)}\n\n`);
  terminal.stdout.write(`${run.answer}\n`);
  if (quiet === true) return;
  for (const warning of run.warnings) terminal.stderr.write(`note: ${warning}\n`);
  terminal.stderr.write(`${dimmed(numbersLine(run), terminal)}\n`);
}

/** The id that begins so; an id that is not found stays as it is, and the tool says that there is no such run. */
async function wholeId(beginning: string, state: Parts['state']): Promise<string> {
  const found = await state.find(beginning);
  return found.length === 1 ? (found[0]?.runId ?? beginning) : beginning;
}

async function fromStdin({ stdin }: Terminal): Promise<string> {
  if (stdin.isTTY === true) {
    throw new InvalidInputError('no question was given', {
      hint: 'run thinkmeter ask "QUESTION", or pass it on stdin',
    });
  }
  return text(stdin);
}

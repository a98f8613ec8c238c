/** `thinkmeter tune FILE`: which thinking budget is enough for the problems in a file. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Parts } from '../compose.ts';
import { ConfigError, InvalidInputError } from '../errors.ts';
import { readCases } from '../tuning/cases/read-cases.ts';
import { toCsv } from '../tuning/picture/csv.ts';
import { toReport } from '../tuning/picture/report.ts';
import { toTerminal } from '../tuning/picture/terminal.ts';
import { DEFAULT_BUDGETS } from '../tuning/sweep/task.ts';
import { tune } from '../tuning/sweep/tune.ts';
import { MATCHES, type Match } from '../tuning/values.ts';
import { numberOption } from './number-option.ts';
import { StatusLine, type Terminal } from './terminal.ts';

export type TuneOptions = {
  readonly match?: string;
  readonly budgets?: string;
  readonly repeats?: string;
  readonly tolerance?: string;
  readonly saveAs?: string;
  /** the report; a CSV file is written beside it */
  readonly out?: string;
  readonly json?: boolean;
};

const MOST_BUDGET = 32_768;

export async function tuneFile(
  file: string,
  options: TuneOptions,
  { runner, profiles, tunings, defaults }: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { cases, match, warnings } = readCases(await textOf(file), file);
  const line = new StatusLine(terminal);
  const task = {
    cases,
    match: matchOf(options.match) ?? match ?? 'number',
    budgets: budgetsOf(options.budgets),
    repeats: numberOption('--repeats', options.repeats ?? '1', { least: 1, most: 100, whole: true }),
    tolerancePoints: numberOption('--tolerance', options.tolerance ?? '1', { least: 0, most: 50 }),
    saveAs: options.saveAs,
    systemPrompt: defaults.systemPrompt,
    warnings,
  };
  const startedAt = runner.clock.now();
  try {
    const result = await tune(task, {
      runner,
      profiles,
      store: tunings,
      signal,
      startedAt,
      progress: ({ message, thinkingTokens }) =>
        line.show(`tuning: ${message ?? ''}${thinkingTokens > 0 ? `, ${thinkingTokens} thinking tokens` : ''}`),
    });
    line.clear();
    if (options.out !== undefined) await writeReport(options.out, result);
    const { stdout, stderr } = terminal;
    if (options.json === true) {
      stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    const width = Math.min(160, Math.max(60, stderr.columns ?? 100));
    stdout.write(`${toTerminal(result, { width, color: terminal.color && stdout.isTTY === true }).join('\n')}\n`);
    for (const warning of result.warnings) stderr.write(`note: ${warning}\n`);
    stderr.write(
      `${result.tokens.generated} tokens generated; budget by budget it would have been ${result.tokens.naive}\n`,
    );
    if (options.out !== undefined) stderr.write(`report: ${options.out}, ${csvBeside(options.out)}\n`);
  } finally {
    line.clear();
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InvalidInputError(
      code === 'ENOENT' ? `the file ${file} does not exist` : `the file ${file} cannot be read (${code})`,
      { hint: 'name a JSONL, JSON or CSV file with questions and expected answers' },
    );
  }
}

async function writeReport(out: string, result: Parameters<typeof toReport>[0]): Promise<void> {
  try {
    await writeFile(out, toReport(result, new Date()));
    await writeFile(csvBeside(out), toCsv(result));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`the report ${out} cannot be written (${code}); the tuning is kept as ${result.tuning_id}`, {
      hint: 'name a file in a folder that exists',
    });
  }
}

function csvBeside(out: string): string {
  return `${out.replace(/\.html?$/i, '')}.csv`;
}

function matchOf(text: string | undefined): Match | undefined {
  if (text === undefined) return undefined;
  const found = MATCHES.find((match) => match === text);
  if (found !== undefined) return found;
  throw new InvalidInputError(`--match is ${text}`, { hint: `use ${MATCHES.join(', ')}` });
}

function budgetsOf(text: string | undefined): readonly number[] {
  if (text === undefined) return DEFAULT_BUDGETS;
  const budgets = text.split(',').map((one) => (/^\s*\d{1,5}\s*$/.test(one) ? Number(one) : Number.NaN));
  if (budgets.every((budget) => budget >= 0 && budget <= MOST_BUDGET)) return budgets;
  throw new InvalidInputError(`--budgets is ${text}`, {
    hint: `give numbers of tokens from 0 to ${MOST_BUDGET}, such as --budgets 0,64,256; unlimited is always measured`,
  });
}

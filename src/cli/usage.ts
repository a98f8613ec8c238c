/** `thinkmeter usage`: what the calls of the last days used, cost and saved. */
import { ConfigError, InvalidInputError } from '../errors.ts';
import { costText, roundedCost, type Prices } from '../spending/prices.ts';
import {
  project,
  reportOf,
  type By,
  type Line,
  type Projection,
  type Report,
  type Saving,
} from '../spending/report.ts';
import { lineToJson } from '../spending/report-json.ts';
import { firstOfDays, type UseRow } from '../spending/spending.ts';
import type { State } from '../state/state.ts';
import { numberOption } from './number-option.ts';
import { toTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { checkUsable } from './usable-state.ts';

export type UsageOptions = {
  readonly days: string;
  readonly by: string;
  /** a number of tokens: `10M` */
  readonly project?: string;
  readonly json?: boolean;
};

const BY: readonly By[] = ['day', 'model', 'tool'];

export async function usage(
  { days, by, project: month, json = false }: UsageOptions,
  state: State,
  prices: Prices,
  { stdout, stderr }: Terminal,
): Promise<void> {
  const print = (text: string): void => void stdout.write(`${text}\n`);
  const report = reportOf(
    await rowsOf(state, numberOption('--days', days, { least: 1, most: 99_999, whole: true })),
    kindOf(by),
    prices,
  );
  if (month !== undefined) {
    printProjection(projected(report.total, tokensOf(month), prices), json, print);
    return;
  }
  if (json) {
    print(
      JSON.stringify({ days: Number(days), by, lines: report.lines.map(lineToJson), total: lineToJson(report.total) }),
    );
    return;
  }
  if (report.total.use.calls === 0) {
    print(`no calls in the last ${days} days`);
    return;
  }
  print(toTable(HEADINGS(by), rows(report, stdout.isTTY === true)));
  for (const note of notes(report, prices)) stderr.write(`${note}\n`);
}

async function rowsOf(state: State, days: number): Promise<readonly UseRow[]> {
  const found = await state.uses(firstOfDays(days));
  checkUsable(state);
  if (found !== undefined) return found;
  throw new ConfigError('THINKMETER_STATE is :memory:, so nothing is kept between calls', {
    hint: 'set --state or THINKMETER_STATE to a file',
  });
}

function kindOf(by: string): By {
  const found = BY.find((kind) => kind === by);
  if (found !== undefined) return found;
  throw new InvalidInputError(`--by is ${by}`, { hint: `use ${BY.join(', ')}` });
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, b: 1e9, g: 1e9 };

/** `10M`, `2.5k`, `10,000,000` */
function tokensOf(text: string): number {
  const [, digits = '', unit = ''] = /^([\d_,]+(?:\.\d+)?)\s*([kmbg]?)$/i.exec(text.trim()) ?? [];
  const tokens = Number(digits.replaceAll(/[_,]/g, '')) * (UNITS[unit.toLowerCase()] ?? 1);
  if (digits !== '' && tokens > 0) return tokens;
  throw new InvalidInputError(`--project is ${text}`, { hint: 'give a number of tokens, such as --project 10M' });
}

const HEADINGS = (by: string): string[] => [
  by,
  'calls',
  'cut',
  'thinking',
  'answer',
  'prompt',
  'cost',
  'saved',
  'a minute',
  'mean',
  '',
];

const BAR = 24;

/** The bar shows thinking tokens. */
function rows({ lines, total }: Report, isTerminal: boolean): string[][] {
  const most = Math.max(1, ...lines.map(({ use }) => use.thinkingTokens));
  const bar = ({ use }: Line): string => '█'.repeat(Math.round((BAR * use.thinkingTokens) / most));
  return [
    ...lines.map((line) => [line.of === '' ? 'other' : line.of, ...cells(line), isTerminal ? bar(line) : '']),
    ...(lines.length > 1 ? [['all', ...cells(total), '']] : []),
  ];
}

function cells({ use, cost, saving, callsPerMinute, meanMs, cutShare }: Line): string[] {
  return [
    String(use.calls),
    percent(cutShare),
    String(use.thinkingTokens),
    String(use.answerTokens),
    String(use.promptTokens),
    cost === undefined ? '-' : costText(cost),
    percent(saving?.share),
    callsPerMinute === undefined ? '-' : callsPerMinute.toFixed(callsPerMinute < 10 ? 1 : 0),
    meanMs === undefined ? '-' : `${(meanMs / 1000).toFixed(1)} s`,
  ];
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${Math.round(share * 100)} %`;
}

function notes({ total }: Report, prices: Prices): string[] {
  const isPriced = Object.values(prices).some((price) => price !== undefined);
  return [
    ...(total.saving === undefined
      ? []
      : [`saved: ${total.saving.kind} share of the thinking tokens that unlimited thinking would have taken`]),
    ...(isPriced ? [] : ['no prices are set: THINKMETER_PRICE_THINKING and others, docs/settings.md']),
  ];
}

type Projected = { readonly saved: Saving; readonly month: Projection };

function projected(total: Line, tokens: number, prices: Prices): Projected {
  const month = project(total, tokens);
  if (month !== undefined && total.saving !== undefined) return { month, saved: total.saving };
  if (Object.values(prices).every((price) => price === undefined)) {
    throw new ConfigError('no prices are set', {
      hint: 'set THINKMETER_PRICE_THINKING and THINKMETER_PRICE_ANSWER (for a million tokens), or THINKMETER_PRICE_GPU_HOUR',
    });
  }
  throw new InvalidInputError('there are too few calls to estimate what unlimited thinking would take', {
    hint: 'make some calls with a larger thinking budget, or raise --days',
  });
}

/** The monthly table of the guide: unlimited thinking against the budgets in use. */
function printProjection({ month, saved }: Projected, json: boolean, print: (text: string) => void): void {
  const { without, with: withBudgets } = month;
  const difference = { tokens: without.tokens - withBudgets.tokens, cost: without.cost - withBudgets.cost };
  if (json) {
    print(
      JSON.stringify({
        without_budgets: toJson(without),
        with_budgets: toJson(withBudgets),
        saved_a_year: roundedCost(12 * difference.cost),
        saving: saved.kind,
      }),
    );
    return;
  }
  const share = Math.round((100 * difference.tokens) / without.tokens);
  print(
    toTable(
      ['a month', 'tokens', 'cost'],
      [
        toRow('unlimited thinking', without),
        toRow('with your budgets', withBudgets),
        toRow(`saved (${share} %, ${saved.kind})`, difference),
      ],
    ),
  );
  print(`\nsaved in a year: ${costText(12 * difference.cost)}`);
}

type Amount = Projection['without'];

function toJson({ tokens, cost }: Amount): object {
  return { tokens: Math.round(tokens), cost: roundedCost(cost) };
}

function toRow(name: string, { tokens, cost }: Amount): string[] {
  return [name, grouped(tokens), costText(cost)];
}

function grouped(tokens: number): string {
  return Math.round(tokens).toLocaleString('en-US');
}

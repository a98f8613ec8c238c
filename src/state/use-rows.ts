/** What runs used, by day, model and tool. What several processes add is summed in the file. */
import { added, keyOf, type UseRow } from '../spending/spending.ts';
import type { LengthClass } from '../spending/lengths.ts';
import { USE_FIELDS, type Use } from '../spending/use.ts';
import type { Database } from './libsql.ts';

/** Rows that wait to be written. */
export class PendingUse {
  readonly #rows = new Map<string, UseRow>();

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  add(row: UseRow): void {
    this.#rows.set(keyOf(row), added(this.#rows.get(keyOf(row)), row));
  }

  clear(): void {
    this.#rows.clear();
  }

  /** Call this in a transaction. */
  write(database: Database): void {
    for (const row of this.#rows.values()) addRow(database, row);
  }
}

const COLUMNS: Readonly<Record<keyof Use, string>> = {
  calls: 'calls',
  failedCalls: 'failed_calls',
  cutCalls: 'cut_calls',
  promptTokens: 'prompt_tokens',
  thinkingTokens: 'thinking_tokens',
  otherTokens: 'other_tokens',
  answerTokens: 'answer_tokens',
  totalMs: 'total_ms',
  busyMs: 'busy_ms',
  profileCalls: 'profile_calls',
  profileThinkingTokens: 'profile_thinking_tokens',
  profileSavedTokens: 'profile_saved_tokens',
};

const NAMES = USE_FIELDS.map((field) => COLUMNS[field]);

const ADD_USE = `INSERT INTO use VALUES (${['?', '?', '?', ...NAMES.map(() => '?')].join(', ')})
  ON CONFLICT DO UPDATE SET ${NAMES.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`;

const ADD_LENGTHS = `INSERT INTO lengths VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET closed = closed + excluded.closed, closed_tokens = closed_tokens + excluded.closed_tokens,
    cut = cut + excluded.cut`;

function addRow(database: Database, { day, model, tool, use, lengths }: UseRow): void {
  database.prepare(ADD_USE).run(day, model, tool, ...USE_FIELDS.map((field) => use[field]));
  for (const [lengthClass, { closed, closedTokens, cut }] of lengths) {
    database.prepare(ADD_LENGTHS).run(day, model, tool, lengthClass, closed, closedTokens, cut);
  }
}

type Key = { readonly day: string; readonly model: string; readonly tool: string };
type StoredLengths = Key & { lengthClass: number; closed: number; closedTokens: number; cut: number };

/** From a day on, oldest first. */
export function selectUse(database: Database, sinceDay: string): UseRow[] {
  const fields = USE_FIELDS.map((field) => `${COLUMNS[field]} AS ${field}`).join(', ');
  const uses = database
    .prepare(`SELECT day, model, tool, ${fields} FROM use WHERE day >= ? ORDER BY day`)
    .all(sinceDay) as readonly (Key & Use)[];
  const lengths = database
    .prepare(
      `SELECT day, model, tool, class AS lengthClass, closed, closed_tokens AS closedTokens, cut
       FROM lengths WHERE day >= ?`,
    )
    .all(sinceDay) as readonly StoredLengths[];
  const byKey = new Map<string, Map<number, LengthClass>>();
  for (const { lengthClass, closed, closedTokens, cut, ...key } of lengths) {
    const found = byKey.get(keyOf(key)) ?? new Map<number, LengthClass>();
    byKey.set(keyOf(key), found.set(lengthClass, { closed, closedTokens, cut }));
  }
  return uses.map(({ day, model, tool, ...use }) => {
    const key = { day, model, tool };
    return { ...key, use, lengths: byKey.get(keyOf(key)) ?? new Map() };
  });
}

/** One row of a file, or one case of a call, before it is understood. `where` names it in messages: `line 3`. */
export type Row =
  | { readonly where: string; readonly value: unknown }
  /** why it could not be read */
  | { readonly where: string; readonly problem: string };

/** The fields of a row by their names in lower case, trimmed; of two with one name, the first. */
export type Fields = ReadonlyMap<string, unknown>;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function toFields(value: Readonly<Record<string, unknown>>): Fields {
  // the original files of ARC and CommonsenseQA: { question: { stem, choices }, answerKey }
  const { question } = value;
  const flat = isObject(question) && 'stem' in question ? { ...value, ...question, question: question['stem'] } : value;
  return new Map(
    Object.entries(flat)
      .toReversed()
      .map(([name, field]) => [name.trim().toLowerCase(), field]),
  );
}

/** Columns that are understood, in the order of preference. */
export const COLUMNS = {
  question: ['question', 'prompt', 'input', 'problem', 'instruction'],
  messages: ['messages'],
  context: ['context', 'passage', 'document'],
  expected: ['expected', 'answer', 'answerkey', 'target', 'output', 'solution', 'label'],
  choices: ['choices', 'options'],
} as const;

export const KNOWN_COLUMNS: readonly string[] = Object.values(COLUMNS).flat();

/** The first of the columns that the row has, even if it is null or blank. */
export function columnOf(fields: Fields, names: readonly string[]): string | undefined {
  return names.find((name) => fields.has(name));
}

/** The first of the columns that has something in the row. */
export function filledColumn(fields: Fields, names: readonly string[]): string | undefined {
  return names.find((name) => !isBlank(fields.get(name)));
}

export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** A text, number or boolean as text; `undefined` for anything else, and for a number whose digits JSON has lost. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  const hasLostDigits = Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'number' && !hasLostDigits ? String(value) : undefined;
}

/**
 * How a setting's text is read. A message names the allowed values, and continues the sentence "NAME is VALUE: it …".
 */
import * as z from 'zod';

/** One of a few words, in any letter case, with hyphens or underscores. `others` are words that mean the same. */
export function word<const Words extends readonly string[]>(
  words: Words,
  others: Readonly<Record<string, Words[number]>> = {},
) {
  const meanings = new Map<string, Words[number]>([
    ...Object.entries(others),
    ...words.map((one) => [one, one] as const),
  ]);
  return z.string().transform((text, context): Words[number] => {
    const meaning = meanings.get(text.toLowerCase().replaceAll(/[\s-]+/g, '_'));
    if (meaning !== undefined) return meaning;
    context.addIssue(`must be ${listed(words)}`);
    return z.NEVER;
  });
}

export const onOff = word(['on', 'off'], {
  true: 'on',
  yes: 'on',
  y: 'on',
  1: 'on',
  enabled: 'on',
  false: 'off',
  no: 'off',
  n: 'off',
  0: 'off',
  disabled: 'off',
});

type Range = {
  readonly from: number;
  readonly to: number;
  /** `from` itself is too small */
  readonly above?: boolean;
  readonly whole?: boolean;
  /** the unit that the number is in, which is not written */
  readonly of?: string;
};

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A decimal number in a range. */
export function number({ from, to, above = false, whole = false, of }: Range) {
  const kind = `a ${whole ? 'whole ' : ''}number${of === undefined ? '' : ` of ${of}`}`;
  const range = above ? `above ${from}, at most ${to}` : `from ${from} to ${to}`;
  const unit = of === undefined ? '' : ', without a unit';
  return z.string().transform((text, context): number => {
    const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
    const isInside = value <= to && (above ? value > from : value >= from);
    if (isInside && (!whole || Number.isInteger(value))) return value;
    context.addIssue(`must be ${kind} ${range}${unit}`);
    return z.NEVER;
  });
}

/** A key as it is sent. A program that shows a key as asterisks also copies the asterisks. */
export const key = z
  .string()
  .refine((text) => !/^\*+$/.test(text), 'consists of asterisks, which stand for a hidden key');

function listed(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Which unknown names are a misspelt field, and which are a client's own. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance } from '../src/edit-distance.ts';
import { resembledField } from '../src/resemblance.ts';
import { tools } from '../tools/index.ts';

/** Names are compared with the fields of one tool; those of `tune_budget` resemble the others'. */
const FIELDS = [
  ...new Set(tools.filter(({ name }) => name !== 'tune_budget').flatMap(({ input }) => Object.keys(input.shape))),
];

const misspelt = [
  { name: 'thinkng_budget', field: 'thinking_budget' },
  { name: 'thinkingBudget', field: 'thinking_budget' },
  { name: 'thinking-budget', field: 'thinking_budget' },
  { name: 'Thinking Budget', field: 'thinking_budget' },
  { name: 'thinking_token_budget', field: 'thinking_budget' },
  { name: 'thinking_budgets', field: 'thinking_budget' },
  { name: 'max_second', field: 'max_seconds' },
  { name: 'maxSeconds', field: 'max_seconds' },
  { name: 'Question', field: 'question' },
  { name: 'questions', field: 'question' },
  { name: 'qeustion', field: 'question' },
  { name: 'include-reasoning', field: 'include_reasoning' },
  { name: 'instructions', field: 'instruction' },
  { name: 'answer_token', field: 'answer_tokens' },
  { name: 'complexety', field: 'complexity' },
  { name: 'contxt', field: 'context' },
  { name: 'contetx', field: 'context' },
  { name: 'Context', field: 'context' },
  { name: 'item', field: 'items' },
  { name: 'itmes', field: 'items' },
];

test.each(misspelt)('$name is $field, misspelt', ({ name, field }) => {
  expect(resembledField(name, FIELDS)).toBe(field);
});

const otherNames = [
  { name: 'budget', field: 'thinking_budget' },
  { name: 'budget_tokens', field: 'thinking_budget' },
  { name: 'maxThinkingTokens', field: 'thinking_budget' },
  { name: 'max_tokens', field: 'answer_tokens' },
  { name: 'maxOutputTokens', field: 'answer_tokens' },
  { name: 'timeout', field: 'max_seconds' },
  { name: 'timeout_s', field: 'max_seconds' },
  { name: 'reasoning_effort', field: 'complexity' },
];

test.each(otherNames)('$name is $field in another API', ({ name, field }) => {
  expect(resembledField(name, FIELDS)).toBe(field);
});

const others = [
  // what clients add: Cline, n8n, Cursor, LangChain
  'task_progress',
  'toolCallId',
  'tool_call_id',
  'sessionId',
  'session_id',
  'session',
  'action',
  'chatInput',
  'tool',
  'id',
  'explanation',
  'requires_approval',
  'config',
  'run_manager',
  'metadata',
  '_meta',
  // other words
  'content',
  'contents',
  'contest',
  'text',
  'input',
  'prompt',
  'query',
  'model',
  'temperature',
  'description',
  'suggestion',
  'time',
  'times',
  'term',
  'user_context',
  '',
  '_',
];

test.each(others)('%j is no field, misspelt', (name) => {
  expect(resembledField(name, FIELDS)).toBeUndefined();
});

describe('of every field', () => {
  const field = fc.constantFrom(...FIELDS);

  test('the same name in another style of writing resembles it', () => {
    const styled = field.chain((name) =>
      fc
        .tuple(fc.constantFrom('', '-', ' ', '.', '__'), fc.constantFrom('lower', 'upper', 'title'))
        .map(([joint, style]) => ({ name, written: written(name, joint, style) })),
    );
    fc.assert(
      fc.property(styled, ({ name, written: other }) => {
        expect(resembledField(other, FIELDS)).toBe(name);
      }),
    );
  });

  test('a name with one character more, one less, or two neighbours exchanged resembles it', () => {
    const edited = field.chain((name) =>
      fc
        .record({
          at: fc.nat(name.length - 2),
          letter: fc.constantFrom('a', 'b', 'c', 'x', 'y', 'z'),
          how: fc.constantFrom(0, 1, 2),
        })
        .map(({ at, letter, how }) => ({ name, typed: [inserted, removed, exchanged][how]?.(name, at, letter) ?? '' })),
    );
    fc.assert(
      fc.property(edited, ({ name, typed }) => {
        expect(resembledField(typed, FIELDS)).toBe(name);
      }),
    );
  });

  test('a name that shares less than half of its letters does not resemble it', () => {
    const word = fc.string({
      unit: fc.constantFrom('b', 'f', 'h', 'j', 'k', 'l', 'p', 'v', 'w', 'y', 'z'),
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(word, (name) => {
        expect(resembledField(name, FIELDS)).toBeUndefined();
      }),
    );
  });

  test('no field resembles another field, so that a tool without it refuses none of the others', () => {
    const pairs = FIELDS.map((name) => [
      name,
      resembledField(
        name,
        FIELDS.filter((other) => other !== name),
      ),
    ]);
    expect(pairs.filter(([, other]) => other !== undefined)).toEqual([]);
  });
});

describe('the edit distance', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });

  test('is 0 for equal texts only, the same in both directions, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b, { exchanges: true });
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a, { exchanges: true })).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

function written(name: string, joint: string, style: string): string {
  const words = name.split('_').map((word) => {
    if (style === 'upper') return word.toUpperCase();
    return style === 'title' ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  });
  return words.join(joint);
}

function inserted(name: string, at: number, letter: string): string {
  return name.slice(0, at) + letter + name.slice(at);
}

function removed(name: string, at: number): string {
  return name.slice(0, at) + name.slice(at + 1);
}

function exchanged(name: string, at: number): string {
  return name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2);
}

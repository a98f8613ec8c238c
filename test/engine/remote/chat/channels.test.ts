/** Two channels as one text with markers, whatever the server made of them. */
import { describe, expect, test } from 'vitest';
import { MarkedText, type Segment } from '../../../../src/engine/remote/chat/channels.ts';
import { UNKNOWN_FAMILY } from '../../../../src/prompt/families.ts';
import { byArgument, opensInPrompt, opensItself, readDeltas as read } from './deltas.ts';

const marker = (text: string): Segment => ({ text, isMarker: true });
const plain = (text: string): Segment => ({ text, isMarker: false });

describe('a server that splits', () => {
  test.each([
    {
      name: 'thinking, then content',
      deltas: [
        ['2 + 2', ''],
        ['', '4'],
      ],
      text: '<think>2 + 2</think>4',
    },
    { name: 'both in one delta', deltas: [['2 + 2', '4']], text: '<think>2 + 2</think>4' },
    {
      name: 'in many deltas, empty ones between',
      deltas: [
        ['', ''],
        ['2 ', ''],
        ['', ''],
        ['+ 2', ''],
        ['', '4'],
        ['', ''],
        ['', '!'],
      ],
      text: '<think>2 + 2</think>4!',
    },
    {
      name: 'a second block of thinking',
      deltas: [
        ['a', 'b'],
        ['c', ''],
        ['', 'd'],
      ],
      text: '<think>a</think>b<think>c</think>d',
    },
    { name: 'thinking alone, cut', deltas: [['2 + 2', '']], text: '<think>2 + 2' },
    {
      name: 'white space is text',
      deltas: [
        ['\n', ''],
        ['', '\n'],
      ],
      text: '<think>\n</think>\n',
    },
  ] as const)('$name', ({ deltas, text }) => {
    expect(read(deltas)).toBe(text);
    expect(read(deltas, { of: opensItself })).toBe(text);
  });

  test('every delta is handed on as it comes, markers apart: no token made them', () => {
    const marked = new MarkedText(opensInPrompt, 'on', { splits: false });
    expect([marked.push('a', ''), marked.push('b', ''), marked.push('c', 'd'), marked.end(true)]).toEqual([
      [marker('<think>'), plain('a')],
      [plain('b')],
      [plain('c'), marker('</think>'), plain('d')],
      [],
    ]);
  });
});

describe('a server without a parser', () => {
  test.each([
    {
      name: 'the thought that the prompt opened goes on in the content',
      of: opensInPrompt,
      deltas: [
        ['', '2 + 2'],
        ['', '</think>'],
        ['', '4'],
      ],
      text: '<think>2 + 2</think>4',
    },
    {
      name: 'a model that writes the marker itself has it once',
      of: opensItself,
      deltas: [['', '<think>2 + 2</think>4']],
      text: '<think>2 + 2</think>4',
    },
    {
      name: 'a marker that is in the content although the prompt opens is not doubled',
      of: opensInPrompt,
      deltas: [
        ['', '\n<think>'],
        ['', '2</think>4'],
      ],
      text: '\n<think>2</think>4',
    },
    { name: 'no thought at all', of: opensItself, deltas: [['', '4']], text: '4' },
    { name: 'an unknown family', of: UNKNOWN_FAMILY, deltas: [['', '4']], text: '4' },
  ] as const)('$name', ({ of, deltas, text }) => {
    expect(read(deltas, { of })).toBe(text);
  });
});

test('a server that has split once splits: content at the beginning is then the answer', () => {
  const learnt = { splits: false };
  expect(read([['', 'x']], { learnt })).toBe('<think>x');
  expect(read([['a', 'b']], { learnt })).toBe('<think>a</think>b');
  expect(learnt.splits).toBe(true);
  expect(read([['', 'x']], { learnt })).toBe('x');
});

describe('with thinking off', () => {
  test.each([
    { name: 'content is the answer', deltas: [['', '4']], stopped: true, text: '4' },
    {
      name: 'a whole turn that came as thinking is the answer',
      deltas: [
        ['4', ''],
        ['.', ''],
      ],
      stopped: true,
      text: '4.',
    },
    {
      name: 'thinking with content behind it is a thought',
      deltas: [
        ['hm', ''],
        ['', '4'],
      ],
      stopped: true,
      text: '<think>hm</think>4',
    },
    { name: 'nothing is nothing', deltas: [['', '']], stopped: true, text: '' },
  ] as const)('$name', ({ deltas, stopped, text }) => {
    expect(read(deltas, { thinking: 'off', stopped })).toBe(text);
  });

  test.each([
    { name: 'a thought', of: byArgument, text: '<think>hm' },
    { name: 'the answer where the switch is a word, of which no parser knows', of: opensInPrompt, text: 'hm' },
  ])('what came as thinking, and was cut short, is $name', ({ of, text }) => {
    expect(read([['hm', '']], { of, thinking: 'off', stopped: false })).toBe(text);
  });

  test('content is handed on as it comes', () => {
    const marked = new MarkedText(opensInPrompt, 'off', { splits: false });
    expect([marked.push('', 'a'), marked.push('', 'b'), marked.end(true)]).toEqual([[plain('a')], [plain('b')], []]);
  });
});

// vLLM's parser decides by what the request says of thinking, and then hands an answer over as reasoning (seen on 0.32)
describe('behind a thought that the prompt has closed', () => {
  test.each([
    {
      name: 'content',
      deltas: [
        ['', 'The '],
        ['', 'answer.'],
      ],
      text: 'The answer.',
    },
    {
      name: 'an answer in the wrong channel',
      deltas: [
        ['The ', ''],
        ['answer.', ''],
      ],
      text: 'The answer.',
    },
    {
      name: 'one more thought',
      deltas: [
        ['Well', ''],
        ['', 'The answer.'],
      ],
      text: 'Well\n</think>\nThe answer.',
    },
  ] as const)('$name', ({ deltas, text }) => {
    expect(read(deltas, { thinking: 'closed' })).toBe(text);
    expect(read(deltas, { thinking: 'closed', of: byArgument, stopped: false })).toBe(text);
  });

  test('it is handed on as it comes, whichever the channel', () => {
    const marked = new MarkedText(opensInPrompt, 'closed', { splits: false });
    expect([marked.push('a', ''), marked.push('b', ''), marked.end(true)]).toEqual([[plain('a')], [plain('b')], []]);
  });
});

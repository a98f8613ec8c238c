/** Rows as the public data sets have them: which case, and which comparison, they become. */
import { expect, test } from 'vitest';
import { readCases } from '../../../src/tuning/cases/read-cases.ts';
import type { Case, Match } from '../../../src/tuning/values.ts';

type Format = { name: string; file: string; text: string; first: Case; match?: Match };

const jsonl = (...rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

const FORMATS: readonly Format[] = [
  {
    name: 'GSM8K',
    file: 'test.jsonl',
    text: jsonl(
      {
        question: 'Weng earns $12 an hour for babysitting. She just did 50 minutes. How much did she earn?',
        answer:
          'Weng earns 12/60 = $<<12/60=0.2>>0.2 per minute.\nWorking 50 minutes, she earned 0.2 x 50 = $<<0.2*50=10>>10.\n#### 10',
      },
      { question: 'How far?', answer: 'It is 1 km.\n#### 1,000' },
    ),
    first: {
      question: 'Weng earns $12 an hour for babysitting. She just did 50 minutes. How much did she earn?',
      expected: '10',
    },
    match: 'number',
  },
  {
    name: 'MATH: the solution ends in a box',
    file: 'math.jsonl',
    text: jsonl({
      problem: 'What is $\\frac{1}{2} + \\frac{1}{4}$?',
      level: 'Level 1',
      type: 'Prealgebra',
      solution: 'We have $\\frac{2}{4} + \\frac{1}{4} = \\boxed{\\frac{3}{4}}$.',
    }),
    first: { question: 'What is $\\frac{1}{2} + \\frac{1}{4}$?', expected: '\\frac{3}{4}' },
  },
  {
    name: 'MATH-500: the answer is preferred to the solution',
    file: 'math500.jsonl',
    text: jsonl({ problem: 'Find x.', solution: 'So $x = \\boxed{2}$.', answer: '2', subject: 'Algebra', level: 1 }),
    first: { question: 'Find x.', expected: '2' },
  },
  {
    name: 'MMLU as JSONL: the answer is an index',
    file: 'mmlu.jsonl',
    text: jsonl({
      question: 'Which planet is largest?',
      subject: 'astronomy',
      choices: ['Mars', 'Jupiter', 'Venus', 'Earth'],
      answer: 1,
    }),
    first: { question: 'Which planet is largest?\n\nA) Mars\nB) Jupiter\nC) Venus\nD) Earth', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'MMLU as CSV: columns of letters',
    file: 'mmlu.csv',
    text: ',Question,A,B,C,D,Answer,Subject\n0,"Which planet, of all, is largest?",Mars,Jupiter,Venus,Earth,B,astronomy\n',
    first: { question: 'Which planet, of all, is largest?\n\nA) Mars\nB) Jupiter\nC) Venus\nD) Earth', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'MMLU’s own files have no header',
    file: 'astronomy_test.csv',
    text: 'Which planet is largest?,Mars,Jupiter,Venus,Earth,B\nWhich is red?,Mars,Jupiter,Venus,Earth,A\n',
    first: { question: 'Which planet is largest?\n\nA) Mars\nB) Jupiter\nC) Venus\nD) Earth', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'MMLU-Pro: options, of which there are up to ten',
    file: 'mmlu_pro.jsonl',
    text: jsonl({
      question: '1 + 1?',
      options: ['0', '1', '3', '4', '5', '6', '7', '8', '2', '9'],
      answer: 'I',
      answer_index: 8,
    }),
    first: { question: '1 + 1?\n\nA) 0\nB) 1\nC) 3\nD) 4\nE) 5\nF) 6\nG) 7\nH) 8\nI) 2\nJ) 9', expected: 'I' },
    match: 'choice',
  },
  {
    name: 'ARC: texts and labels, which may be numbers',
    file: 'arc.jsonl',
    text: jsonl({
      id: 'NYSEDREGENTS_2013_4_20',
      question: 'What is hot?',
      choices: { text: ['ice', 'fire', 'snow'], label: ['1', '2', '3'] },
      answerKey: '2',
    }),
    first: { question: 'What is hot?\n\nA) ice\nB) fire\nC) snow', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'ARC’s own files: a stem',
    file: 'ARC-Easy-Test.jsonl',
    text: jsonl({
      id: 'Mercury_1',
      question: {
        stem: 'What is hot?',
        choices: [
          { text: 'ice', label: 'A' },
          { text: 'fire', label: 'B' },
        ],
      },
      answerKey: 'B',
    }),
    first: { question: 'What is hot?\n\nA) ice\nB) fire', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'MedQA: an object of letters, and the text of the choice',
    file: 'medqa.jsonl',
    text: jsonl({
      question: 'Which vitamin?',
      answer: 'Vitamin C',
      options: { A: 'Vitamin B', B: 'vitamin c.' },
      answer_idx: 'B',
    }),
    first: { question: 'Which vitamin?\n\nA) Vitamin B\nB) vitamin c.', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'AQuA-RAT: options that begin with their letters',
    file: 'aqua.json',
    text: jsonl({ question: 'How many?', options: ['A)21', 'B)21.5', 'C)22'], answer: 'C' }),
    first: { question: 'How many?\n\nA) 21\nB) 21.5\nC) 22', expected: 'C' },
    match: 'choice',
  },
  {
    name: 'choices in columns of their own',
    file: 'choices.tsv',
    text: 'prompt\tchoice_a\tchoice_b\tlabel\nHot?\tthe "ice"\t"fire"\t1\n',
    first: { question: 'Hot?\n\nA) the "ice"\nB) fire', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'choices as a JSON text in a CSV',
    file: 'choices.csv',
    text: 'question;choices;answer\nHot?;"[""ice"", ""fire""]";(b)\n',
    first: { question: 'Hot?\n\nA) ice\nB) fire', expected: 'B' },
    match: 'choice',
  },
  {
    name: 'the guide: messages beside what is expected',
    file: 'cases.json',
    text: JSON.stringify({
      cases: [
        {
          messages: [
            { role: 'system', content: 'You are a terse assistant. /think' },
            { role: 'user', content: 'Is 7 prime?' },
            { role: 'assistant', content: 'Yes.' },
            { role: 'user', content: [{ type: 'text', text: 'And 9?' }] },
          ],
          expected: 'no',
        },
      ],
    }),
    first: {
      question: 'And 9?',
      context: 'System: You are a terse assistant.\n\nUser: Is 7 prime?\n\nAssistant: Yes.',
      expected: 'no',
    },
  },
  {
    name: 'training data of OpenAI: the last message is the answer',
    file: 'train.jsonl',
    text: jsonl({
      messages: [
        { role: 'system', content: '/no_think' },
        { role: 'user', content: '2 + 3?' },
        { role: 'assistant', content: 'It is \\boxed{5}.' },
      ],
    }),
    first: { question: '2 + 3?', expected: '5' },
  },
  {
    name: 'a prompt that is a list of messages',
    file: 'rl.jsonl',
    text: jsonl({ prompt: [{ role: 'user', content: '2 + 3?' }], label: 5 }),
    first: { question: '2 + 3?', expected: '5' },
  },
  {
    name: 'Alpaca: the input is what the instruction is about',
    file: 'alpaca.json',
    text: JSON.stringify([{ instruction: 'Translate to French.', input: 'Good day', output: 'Bonjour' }]),
    first: { question: 'Translate to French.', context: 'Good day', expected: 'Bonjour' },
  },
  {
    name: 'Alpaca without an input',
    file: 'alpaca.json',
    text: JSON.stringify([{ instruction: 'Say hello in French.', input: '', output: 'Bonjour' }]),
    first: { question: 'Say hello in French.', expected: 'Bonjour' },
  },
  {
    name: 'BBH: examples in an object',
    file: 'bbh.json',
    text: JSON.stringify({ canary: 'abc', examples: [{ input: 'not True is', target: 'False' }] }),
    first: { question: 'not True is', expected: 'False' },
  },
  {
    name: 'BoolQ: a passage, and a boolean',
    file: 'boolq.jsonl',
    text: jsonl({ question: 'is the sky blue', passage: 'The sky is blue.', answer: true }),
    first: { question: 'is the sky blue', context: 'The sky is blue.', expected: 'true' },
  },
  {
    name: 'JSON that is expected',
    file: 'extract.jsonl',
    text: jsonl({ document: 'Ann is 7.', question: 'Extract.', expected: { name: 'Ann', age: 7 } }),
    first: { question: 'Extract.', context: 'Ann is 7.', expected: '{"name":"Ann","age":7}' },
    match: 'json',
  },
];

test.each(FORMATS)('$name', ({ file, text, first, match }) => {
  const read = readCases(text, file);
  expect(read.cases[0]).toEqual(first);
  expect(read.match).toBe(match);
});

test.each(FORMATS)('$name, whatever the file is called', ({ text, first }) => {
  expect(readCases(text, 'download').cases[0]).toEqual(first);
});

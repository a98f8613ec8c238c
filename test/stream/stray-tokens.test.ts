import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutStrayTokens } from '../../src/stream/stray-tokens.ts';

test.each([
  {
    name: 'harmony',
    text: '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>4',
    bare: '4',
    tokens: 4,
  },
  { name: 'Magistral', text: '[THINK]Hm.[/THINK]4', bare: '4', tokens: 2 },
  { name: 'Seed-OSS', text: '<seed:think>Hm.</seed:think>4', bare: '4', tokens: 2 },
  { name: 'Gemma 4', text: '<|channel>thought\nHm.<channel|>4', bare: '4', tokens: 2 },
  { name: 'Kimi', text: '◁think▷Hm.◁/think▷4', bare: '4', tokens: 2 },
  {
    name: 'Cohere',
    text: '<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>4<|END_RESPONSE|>',
    bare: '4',
    tokens: 4,
  },
  {
    name: 'OpenThinker',
    text: '<|begin_of_thought|>Hm.<|end_of_thought|>\n<|begin_of_solution|>4<|end_of_solution|>',
    bare: '4',
    tokens: 4,
  },
  { name: 'MedGemma', text: '<unused94>thought\nHm.<unused95>4<end_of_turn>', bare: '4', tokens: 3 },
  { name: 'Apertus', text: '<|inner_prefix|>Hm.<|inner_suffix|>4', bare: '4', tokens: 2 },
  { name: 'one behind the answer', text: '4<|end|>', bare: '4', tokens: 1 },
  {
    name: 'the end of the turn, and what follows it',
    text: '4<|im_end|>\n<|im_start|>user\nAnd 5?',
    bare: '4',
    tokens: 2,
  },
  { name: 'the end of the turn in Llama 3', text: '4<|eot_id|><|start_header_id|>user', bare: '4', tokens: 2 },
  { name: 'the end of the turn in Mistral', text: '4</s>', bare: '4', tokens: 1 },
  { name: 'HTML, which are none', text: '<s>old</s>', bare: '<s>old</s>', tokens: 0 },
  { name: 'one that begins, and no end', text: '<|channel|>analysis 4', bare: 'analysis 4', tokens: 1 },
  {
    name: 'quoted ones, which are kept',
    text: 'Write `<|end|>` or "<|end|>".',
    bare: 'Write `<|end|>` or "<|end|>".',
    tokens: 0,
  },
  { name: 'nothing else, which is an answer', text: '<|im_end|>', bare: '<|im_end|>', tokens: 0 },
  { name: 'level tags, which are none', text: '[ERROR] x <div> a<b>c', bare: '[ERROR] x <div> a<b>c', tokens: 0 },
])('control tokens of $name', ({ text, bare, tokens }) => {
  const cleaned = withoutStrayTokens(text);
  expect({ text: cleaned.text, tokens: cleaned.tokens.length }).toEqual({ text: bare, tokens });
});

test('a text without such a token is unchanged', () => {
  const words = fc.array(fc.oneof(fc.constantFrom('<', '>', '[', ']', '`', '"', '\n', ' ', 'think'), fc.string()));
  fc.assert(
    fc.property(words, (parts) => {
      const text = parts.join('').replace(/[|｜◁]|\[\/?THINK\]|<\/?seed:/g, '');
      expect(withoutStrayTokens(text)).toEqual({ text, tokens: [] });
    }),
  );
});

import { expect, test } from 'vitest';
import { familyByName, UNKNOWN_FAMILY } from '../../src/prompt/families.ts';
import { toConversation } from '../../src/prompt/messages.ts';
import { questionParts, systemParts } from '../../src/prompt/question.ts';

const question = { system: systemParts('Be brief.', 'In Korean.'), user: questionParts('2 + 3?', undefined) };
const families = {
  word: familyByName('thinkmeter-demo'),
  argument: familyByName('thinkmeter-demo-3'),
  absent: UNKNOWN_FAMILY,
  first: familyByName('nvidia/Llama-3.1-Nemotron-Nano-8B-v1'),
};

test.each([
  { kind: 'word', thinking: true, system: 'Be brief.\nIn Korean. /think', templateArguments: {} },
  { kind: 'word', thinking: false, system: 'Be brief.\nIn Korean. /no_think', templateArguments: {} },
  { kind: 'argument', thinking: true, system: 'Be brief.\nIn Korean.', templateArguments: { enable_thinking: true } },
  { kind: 'argument', thinking: false, system: 'Be brief.\nIn Korean.', templateArguments: { enable_thinking: false } },
  // NVIDIA-NeMo/NeMo-Agent-Toolkit and langflow-ai/langflow send the same
  {
    kind: 'first',
    thinking: true,
    system: 'detailed thinking on\n\nBe brief.\nIn Korean.',
    templateArguments: {},
  },
  {
    kind: 'first',
    thinking: false,
    system: 'detailed thinking off\n\nBe brief.\nIn Korean.',
    templateArguments: {},
  },
  { kind: 'absent', thinking: true, system: 'Be brief.\nIn Korean.', templateArguments: {} },
] as const)('thinking $thinking is said by $kind, never left to a default', (row) => {
  const family = families[row.kind];
  if (family === undefined) throw new Error('no such family');
  const { messages, templateArguments } = toConversation(question, family, row.thinking);
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
  expect(messages[0]?.parts.map(({ text }) => text).join('')).toBe(row.system);
  expect(messages[1]?.parts).toEqual(question.user);
  expect(templateArguments).toEqual(row.templateArguments);
});

test('the switch is ours, so that it may act; what the operator wrote stays untrusted', () => {
  const family = families.word;
  if (family === undefined) throw new Error('no such family');
  const [system] = toConversation(question, family, true).messages;
  expect(system?.parts.filter(({ from }) => from === 'theirs')).toMatchObject([{ from: 'theirs', text: 'In Korean.' }]);
});

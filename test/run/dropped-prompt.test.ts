/** When the server's count of a prompt says that a part of it was dropped. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Request } from '../../src/stream/requests.ts';
import { droppedPromptWarnings } from '../../src/run/dropped-prompt.ts';
import { estimatedTokens } from '../../src/engine/remote/http/estimate.ts';
import { nemoTokens } from '../support/tokens.ts';

const OLLAMA = { dropsLongPrompts: 'set a longer window' } as const;

function warnings(
  sent: number,
  read: number | undefined,
  facts: { window?: number; dropsLongPrompts?: string },
): string[] {
  const usage = read === undefined ? undefined : { promptTokens: read, completionTokens: 1 };
  const request = { from: { promptTokens: sent, exact: false }, reading: { usage } } as unknown as Request;
  return droppedPromptWarnings({ window: Infinity, ...facts }, [request]);
}

test.each([
  { sent: 40_000, read: 4096, facts: {} },
  { sent: 40_000, read: 2050, facts: OLLAMA },
  // twice the window, of which the half is left: the estimate alone would not decide
  { sent: 7000, read: 2050, facts: OLLAMA },
  { sent: 20_000, read: 10_000, facts: { ...OLLAMA, window: 20_000 } },
])('$sent sent and $read read: a part is missing', ({ sent, read, facts }) => {
  const [warning = ''] = warnings(sent, read, facts);
  expect(warning).toContain(String(sent));
  expect(warning).toContain(String(read));
});

test.each([
  { name: 'no usage', sent: 40_000, read: undefined, facts: OLLAMA },
  { name: 'a high estimate', sent: 8000, read: 2900, facts: OLLAMA },
  { name: 'a high estimate that meets a power of two by chance', sent: 2500, read: 2048, facts: OLLAMA },
  { name: 'another server, at a power of two', sent: 8000, read: 4096, facts: {} },
  { name: 'a short prompt', sent: 900, read: 20, facts: {} },
  { name: 'more than was estimated', sent: 2000, read: 9000, facts: OLLAMA },
])('$name: nothing is missing', ({ sent, read, facts }) => {
  expect(warnings(sent, read, facts)).toEqual([]);
});

// the estimate is too high by four times in some scripts, in which the whole prompt was read all the same
test('no script makes an honest server look like one that drops text', () => {
  const nemo = nemoTokens();
  const written = [
    'The board met yesterday. ',
    '董事会昨晚召开会议。',
    '이사회는 어제 저녁 회의를 열었다. ',
    'დირექტორთა საბჭო გუშინ საღამოს შეიკრიბა. ',
    'ဒါရိုက်တာအဖွဲ့သည် မနေ့ညက အစည်းအဝေးကျင်းပခဲ့သည်။',
    'Совет директоров собрался вчера. ',
    '😀🎉🚀',
    '3141592653',
    'a = b[17];\n',
    '─────────',
    '==========',
    '          ',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...written), { minLength: 1, maxLength: 4 }), (parts) => {
      const text = parts.join('').repeat(100);
      expect(warnings(estimatedTokens(text), nemo.encode(text).length, {})).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

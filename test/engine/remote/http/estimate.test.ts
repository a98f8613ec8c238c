/**
 * Tokens of a text, estimated without its tokenizer. Four characters are a token in English only: aden-hive/hive#3546,
 * Martian-Engineering/lossless-claw#266, headroomlabs-ai/headroom#1093, joshuaswarren/remnic#2188, volcengine/OpenViking#661.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimatedTokens } from '../../../../src/engine/remote/http/estimate.ts';
import { nemoTokens } from '../../../support/tokens.ts';

const nemo = nemoTokens();

/** What people write, in scripts of different density. */
const WRITTEN: Readonly<Record<string, string>> = {
  English: 'Engineers began to measure the efficiency of steam engines, and their results were published in journals.',
  German: 'Darin heißt es, dass die Übernahme der Tochtergesellschaft voraussichtlich im nächsten Jahr beendet werde.',
  Polish: 'Zarząd spółki zebrał się wczoraj wieczorem, aby rozpatrzyć propozycje akcjonariuszy mniejszościowych.',
  Vietnamese: 'Hội đồng quản trị đã họp vào tối hôm qua để xem xét các đề xuất của cổ đông thiểu số.',
  Russian: 'Совет директоров собрался вчера вечером, чтобы рассмотреть предложения миноритарных акционеров.',
  Greek: 'Το διοικητικό συμβούλιο συνεδρίασε χθες το βράδυ για να εξετάσει τις προτάσεις των μετόχων.',
  Hebrew: 'הדירקטוריון התכנס אמש כדי לדון בהצעות בעלי מניות המיעוט; בתום הישיבה לא התקבלה כל החלטה.',
  Arabic: 'اجتمع مجلس الإدارة مساء أمس للنظر في مقترحات مساهمي الأقلية، ولم يُتخذ أي قرار.',
  Hindi: 'निदेशक मंडल की बैठक कल शाम अल्पसंख्यक शेयरधारकों के प्रस्तावों पर विचार करने के लिए हुई।',
  Tamil: 'இயக்குநர்கள் குழு நேற்று மாலை சிறுபான்மை பங்குதாரர்களின் முன்மொழிவுகளை பரிசீலிக்க கூடியது.',
  Thai: 'คณะกรรมการบริษัทประชุมกันเมื่อคืนนี้เพื่อพิจารณาข้อเสนอของผู้ถือหุ้นรายย่อย',
  Amharic: 'የዳይሬክተሮች ቦርድ ትናንት ማታ የአናሳ ባለአክሲዮኖችን ሃሳብ ለመመርመር ተሰብስቧል።',
  Georgian: 'დირექტორთა საბჭო გუშინ საღამოს შეიკრიბა უმცირესობის აქციონერთა წინადადებების განსახილველად.',
  Khmer: 'ក្រុមប្រឹក្សាភិបាលបានប្រជុំកាលពីយប់មិញ',
  Chinese: '董事会昨晚召开会议，审议少数股东提出的提案。会议结束后没有作出任何决定。请仔细阅读以下合同。',
  'Chinese, traditional': '董事會昨晚召開會議，審議少數股東提出的提案。請仔細閱讀以下合約，並概括每一條款的內容。',
  Japanese: '取締役会は昨夜、少数株主から提出された提案を検討するために開催されました。コンピュータのプログラム。',
  Korean: '이사회는 어제 저녁 소수 주주들이 제출한 제안을 검토하기 위해 회의를 열었다. 결정이 내려지지 않았다.',
  emoji: '😀🎉🚀👩‍👩‍👧‍👦🏳️‍🌈🔥💯🧑🏽‍💻✨🥲🫠🇩🇪🇰🇷',
  digits: '31415926535897932384626433832795028841971693993751',
  'a table': '2026-11-28;17.254;-3.0081;44100;0x7ffe3c\n2026-11-29;18.002;-2.9911;48000;0x7ffe40\n',
  TypeScript:
    'export function sum(xs: number[]): number {\n  let sum = 0;\n  for (const x of xs) sum += x;\n  return sum;\n}\n',
  JSON: '{"id":17,"name":"A. Smith","tags":["x","y"],"nested":{"ok":true,"score":0.87}}',
  mathematics: '∀ε>0 ∃δ>0: |x−a|<δ ⇒ |f(x)−f(a)|<ε; ∑_{i=1}^{n} i² = n(n+1)(2n+1)/6',
  capitals: 'THE BOARD OF DIRECTORS CONVENED YESTERDAY EVENING TO DELIBERATE ON THE PROPOSALS.',
};

describe("compared with the tokenizer whose merges are Nemotron's", () => {
  test.each(Object.entries(WRITTEN))('%s is estimated on the high side, and by less than four times', (_, text) => {
    const ratio = estimatedTokens(text) / nemo.encode(text).length;
    expect(ratio).toBeGreaterThanOrEqual(1);
    expect(ratio).toBeLessThan(4);
  });

  test('in any mixture of them', () => {
    const parts = fc.array(fc.constantFrom(...Object.values(WRITTEN)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.constantFrom(' ', '\n', '\n\n', '    '), (texts, between) => {
        const text = texts.join(between);
        const ratio = estimatedTokens(text) / nemo.encode(text).length;
        // a join may cost a token that neither text has alone
        expect(ratio).toBeGreaterThanOrEqual(0.95);
        expect(ratio).toBeLessThan(4);
      }),
      { numRuns: 50 },
    );
  });

  test('seven thousand Chinese characters are about seven thousand tokens', () => {
    const text = '汉'.repeat(7000);
    expect(nemo.encode(text).length).toBe(7000);
    expect(estimatedTokens(text)).toBeGreaterThanOrEqual(7000);
    expect(estimatedTokens(text)).toBeLessThan(8000);
  });
});

// a byte-level tokenizer needs no more than a token for a byte, so a higher estimate would be wrong in any case
test('no text is estimated at more tokens than it has bytes', () => {
  const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  fc.assert(
    fc.property(anything, (text) => {
      expect(estimatedTokens(text)).toBeLessThanOrEqual(Buffer.byteLength(text));
    }),
  );
});

test('a longer text is never estimated at fewer tokens', () => {
  const texts = fc.array(fc.constantFrom(...Object.values(WRITTEN), ' ', '\n', 'A', 'a', '7', '汉'), { maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.constantFrom('a', ' ', '.', '1', '汉', '한', '\n'), (before, more) => {
      const text = before.join('');
      expect(estimatedTokens(text + more)).toBeGreaterThanOrEqual(estimatedTokens(text));
    }),
  );
});

test('rows of one sign are not counted by the sign', () => {
  expect(estimatedTokens('='.repeat(800))).toBeLessThan(100);
  expect(estimatedTokens(' '.repeat(800))).toBeLessThan(100);
});

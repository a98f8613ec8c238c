/**
 * Estimates the tokens of a text without a tokenizer. Four characters per token holds for English only: one Chinese
 * character is about one token. The weights are rounded up from counts of the tokenizers of Mistral Nemo (which Nemotron
 * uses), Qwen 3, Llama 3 and DeepSeek V3, in which one script may differ by a factor of four. test/engine/remote/http/estimate.test.ts
 * compares it with the first.
 */

/** Tokens per ASCII character. Lower-case words are in the vocabulary; capitals and punctuation are split more often. */
const LOWER = 0.25;
const CAPITAL = 0.5;
const PUNCTUATION = 1;
/** A line of dashes is a few tokens. */
const REPEATED = 1 / 16;
/** Mistral Nemo and Qwen 3 encode every digit as one token. */
const DIGIT = 1;
/** A line end, or indentation. */
const WHITE_SPACE = { run: 0.9, each: 1 / 32 } as const;
/** A single space belongs to the next word, but not to a digit, and rarely to a letter of another script. */
const SPACE = { beforeDigit: 1, beforeOther: 0.5 } as const;

/** Tokens per character, by ranges of code points in ascending order. `last` is inclusive. */
const RANGES: readonly { readonly last: number; readonly tokens: number | 'bytes' }[] = [
  // accented Latin letters, which also split the word
  { last: 0x02_4f, tokens: 0.75 },
  { last: 0x03_6f, tokens: 'bytes' },
  // Greek
  { last: 0x03_ff, tokens: 1 },
  // Cyrillic
  { last: 0x05_2f, tokens: 0.6 },
  // Armenian, Hebrew
  { last: 0x05_ff, tokens: 1.1 },
  // Arabic
  { last: 0x07_7f, tokens: 0.5 },
  { last: 0x08_ff, tokens: 'bytes' },
  // Devanagari
  { last: 0x09_7f, tokens: 1.15 },
  // the other Indic scripts
  { last: 0x0d_ff, tokens: 1.5 },
  // Thai
  { last: 0x0e_7f, tokens: 0.7 },
  { last: 0x0f_ff, tokens: 'bytes' },
  // Burmese and Georgian
  { last: 0x10_ff, tokens: 2 },
  // Hangul letters, Ethiopic, Khmer and others
  { last: 0x1d_ff, tokens: 'bytes' },
  // Latin letters of Vietnamese
  { last: 0x1e_ff, tokens: 1 },
  { last: 0x1f_ff, tokens: 1 },
  // punctuation, arrows, mathematics
  { last: 0x24_ff, tokens: 2 },
  // lines of boxes
  { last: 0x25_9f, tokens: 0.75 },
  { last: 0x2f_ff, tokens: 'bytes' },
  // CJK punctuation and kana
  { last: 0x30_ff, tokens: 0.9 },
  { last: 0x33_ff, tokens: 'bytes' },
  { last: 0x4d_ff, tokens: 'bytes' },
  // the common Chinese characters
  { last: 0x9f_ff, tokens: 1.1 },
  { last: 0xab_ff, tokens: 'bytes' },
  // Korean syllables
  { last: 0xd7_af, tokens: 0.95 },
  { last: 0xfe_ff, tokens: 'bytes' },
  // full-width forms
  { last: 0xff_ef, tokens: 1.1 },
];

/**
 * Rather too high than too low for text that people write, but at most the number of UTF-8 bytes, which is the most that a
 * byte-level tokenizer can need. Random letters and rare characters may need up to three times the estimate.
 */
export function estimatedTokens(text: string): number {
  let tokens = 0;
  /** tokens of the ASCII word that is being read */
  let word = 0;
  /** characters of the white space that is being read */
  let spaces = 0;
  let before = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xff_ff) at += 1;
    const isSpace = code === 32 || (code >= 9 && code <= 13);
    if (spaces > 0 && !isSpace) {
      tokens += spaces === 1 && before === 32 ? ofSpace(code) : ofWhiteSpace(spaces);
      spaces = 0;
    }
    const letter = ofLetter(code);
    if (word > 0 && (letter === 0 || (letter === CAPITAL && ofLetter(before) === LOWER))) {
      tokens += Math.ceil(word);
      word = 0;
    }
    if (isSpace) spaces += 1;
    else if (letter > 0) word += letter;
    else tokens += code === before && isRuled(code) ? REPEATED : ofSign(code);
    before = code;
  }
  return Math.ceil(tokens + Math.ceil(word) + ofWhiteSpace(spaces));
}

/** 0: no ASCII letter. */
function ofLetter(code: number): number {
  if (code >= 97 && code <= 122) return LOWER;
  return code >= 65 && code <= 90 ? CAPITAL : 0;
}

function ofWhiteSpace(length: number): number {
  return length === 0 ? 0 : WHITE_SPACE.run + WHITE_SPACE.each * length;
}

/** `next`: the code of the character behind the space. */
function ofSpace(next: number): number {
  if (isDigit(next)) return SPACE.beforeDigit;
  return next < 128 ? 0 : SPACE.beforeOther;
}

/** Signs that are repeated to draw a line. */
function isRuled(code: number): boolean {
  return code < 128 && !isDigit(code);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function ofSign(code: number): number {
  if (code < 128) return isDigit(code) ? DIGIT : PUNCTUATION;
  const tokens = RANGES.find(({ last }) => code <= last)?.tokens ?? 'bytes';
  return tokens === 'bytes' ? utf8Length(code) : tokens;
}

/** Of a code point above ASCII. */
function utf8Length(code: number): number {
  if (code < 0x08_00) return 2;
  return code < 0x1_00_00 ? 3 : 4;
}

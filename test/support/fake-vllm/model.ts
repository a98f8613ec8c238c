/**
 * What the fake knows of a model: its tokenizer, template and end-of-turn id, read from the folder a real vLLM serves.
 * No weights: what the model writes is a script's affair.
 */
import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { LOOKS, type LookName } from './families.ts';

export type ModelName = 'thinkmeter-demo' | 'thinkmeter-demo-3';

export type ChatMessage = { readonly role: string; readonly content: string };

export type RenderOptions = {
  readonly addGenerationPrompt: boolean;
  readonly templateArguments: Readonly<Record<string, unknown>>;
};

export type FakeModel = {
  readonly name: ModelName;
  /** another family's template and control tokens */
  readonly look: LookName | undefined;
  readonly eosId: number;
  readonly vocabularySize: number;
  /** what the family writes between its thinking and its answer */
  readonly closer: string;
  encode(text: string, options: { readonly specialTokens: boolean }): number[];
  decode(ids: readonly number[], options: { readonly skipSpecialTokens: boolean }): string;
  /** what each id stands for, special tokens too: halves of a character stay halves */
  bytes(ids: readonly number[]): Uint8Array[];
  /** the vocabulary's own spelling, as `return_token_strs` shows it */
  tokenStrings(ids: readonly number[]): string[];
  render(messages: readonly ChatMessage[], options: RenderOptions): string;
};

const closers: Readonly<Record<ModelName, string>> = {
  'thinkmeter-demo': '\n</think>\n\n',
  'thinkmeter-demo-3': '\n</think>\n',
};

const generationConfig = z.looseObject({ eos_token_id: z.tuple([z.int()]) });
const tokenizerConfig = z.looseObject({ chat_template: z.string() });
const tokenizerFile = z.looseObject({
  model: z.looseObject({ vocab: z.record(z.string(), z.int()) }),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string(), special: z.boolean() })),
});

/** `look`: with the template and the control tokens of another family, added to the model's own. */
export function loadModel(name: ModelName, look?: LookName): FakeModel {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(new URL(`../../../models/${name}/${file}`, import.meta.url), 'utf8'));
  const file = withTokens(tokenizerFile.parse(read('tokenizer.json')), look === undefined ? [] : LOOKS[look].tokens);
  const config = tokenizerConfig.parse(read('tokenizer_config.json'));
  const tokenizer = new Tokenizer(file, config);
  const template = new Template(look === undefined ? config.chat_template : LOOKS[look].template);
  const tokenStrings = new Map(Object.entries(file.model.vocab).map(([token, id]) => [id, token]));
  for (const added of file.added_tokens) tokenStrings.set(added.id, added.content);
  const bytes = tokenBytes(tokenStrings, new Set(file.added_tokens.map((added) => added.id)));
  const bytesOf = (ids: readonly number[]): Uint8Array[] => ids.map((id) => bytes.get(id) ?? new Uint8Array());
  const special = new Set(file.added_tokens.filter((added) => added.special).map((added) => added.id));

  return {
    name,
    look,
    eosId: generationConfig.parse(read('generation_config.json')).eos_token_id[0],
    vocabularySize: tokenStrings.size,
    closer: closers[name],
    encode: (text, { specialTokens }) => tokenizer.encode(text, { add_special_tokens: specialTokens }).ids,
    decode: (ids, { skipSpecialTokens }) =>
      Buffer.concat(bytesOf(skipSpecialTokens ? ids.filter((id) => !special.has(id)) : ids)).toString('utf8'),
    bytes: bytesOf,
    tokenStrings: (ids) => ids.map((id) => tokenStrings.get(id) ?? ''),
    render: (messages, { addGenerationPrompt, templateArguments }) =>
      template.render({ ...templateArguments, messages, add_generation_prompt: addGenerationPrompt }),
  };
}

type TokenizerFile = z.infer<typeof tokenizerFile>;

/** New tokens have the ids after the last one. */
function withTokens(file: TokenizerFile, tokens: readonly string[]): TokenizerFile {
  const ids = [...Object.values(file.model.vocab), ...file.added_tokens.map(({ id }) => id)];
  const next = Math.max(...ids) + 1;
  const fresh = tokens.filter((token) => file.added_tokens.every(({ content }) => content !== token));
  const added = fresh.map((content, index) => ({
    id: next + index,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  return { ...file, added_tokens: [...file.added_tokens, ...added] };
}

/**
 * The bytes of every id. Decoded here rather than by the library because halves of a character must stay halves, and
 * because one request decodes thousands of times.
 */
function tokenBytes(tokenStrings: ReadonlyMap<number, string>, added: ReadonlySet<number>): Map<number, Uint8Array> {
  const byteOf = byteLevelAlphabet();
  const bytes = new Map<number, Uint8Array>();
  for (const [id, token] of tokenStrings) {
    const raw = added.has(id) ? Buffer.from(token) : Uint8Array.from(token, (character) => byteOf.get(character) ?? 0);
    bytes.set(id, raw);
  }
  return bytes;
}

/** GPT-2's alphabet: printable bytes stand for themselves, the others are counted off from U+0100. */
function byteLevelAlphabet(): Map<string, number> {
  const alphabet = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte <= 0xff; byte += 1) {
    alphabet.set(String.fromCodePoint(isPrintable(byte) ? byte : next++), byte);
  }
  return alphabet;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

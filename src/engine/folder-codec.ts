/** A chat template and tokenizer from a model's own files, in the layout of Hugging Face. */
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { PlainMessage } from '../prompt/codec.ts';
import type { TemplateArguments } from '../prompt/family.ts';

export const FOLDER_FILES = {
  tokenizer: 'tokenizer.json',
  settings: 'tokenizer_config.json',
  template: 'chat_template.jinja',
} as const;

/** A special token in the settings is a string or an object with the string in `content`. */
const special = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish();

/** Some files contain several templates; the template for conversations is named `default`. */
const severalTemplates = z.array(z.object({ name: z.string(), template: z.string() }));
const templateSetting = z.union([
  z.string(),
  severalTemplates.transform((all) => all.find(({ name }) => name === 'default')?.template),
]);

const settings = z.looseObject({
  chat_template: templateSetting.nullish(),
  bos_token: special,
  eos_token: special,
  model_max_length: z.number().nullish(),
});

export type FolderCodec = {
  /** the ids of a prompt that the assistant's turn follows */
  template(messages: readonly PlainMessage[], templateArguments: TemplateArguments): number[];
  /** without special tokens around the text */
  encode(text: string): number[];
  /** with the text of special tokens */
  decode(ids: readonly number[]): string;
  /** the model's window in tokens; undefined: the files do not say */
  readonly window: number | undefined;
};

const AS_IT_IS = { skip_special_tokens: false, clean_up_tokenization_spaces: false } as const;

/** @throws {Error} of any kind if a file is missing or not readable */
export function readFolderCodec(folder: string): FolderCodec {
  const read = (file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
  const raw = read(FOLDER_FILES.settings);
  const { chat_template: inSettings, bos_token: bos, eos_token: eos, model_max_length: longest } = settings.parse(raw);
  const file = join(folder, FOLDER_FILES.template);
  const chat = new Template(existsSync(file) ? readFileSync(file, 'utf8') : z.string().parse(inSettings));
  const tokenizer = new Tokenizer(read(FOLDER_FILES.tokenizer), raw);
  const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    template: (messages, templateArguments) =>
      encode(
        chat.render({
          ...templateArguments,
          messages,
          add_generation_prompt: true,
          bos_token: bos ?? '',
          eos_token: eos ?? '',
        }),
      ),
    encode,
    decode: (ids) => (ids.length === 0 ? '' : tokenizer.decode([...ids], AS_IT_IS)),
    // some files contain 1e30 because the limit is unknown
    window: typeof longest === 'number' && longest < 1e9 ? longest : undefined,
  };
}

/** A local template and tokenizer, for servers without such endpoints (`THINKMETER_TOKENIZER`). */
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../../../errors.ts';
import type { ServerCodec } from './codecs.ts';
import { findTokenizerFolder, SETTINGS, TEMPLATE, TOKENIZER, type TokenizerSource } from './tokenizer-folder.ts';

/** A special token in the settings is a string or an object with the string in `content`. */
const special = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish();

/** Some files contain several templates; the template for conversations is named `default`. */
const severalTemplates = z.array(z.object({ name: z.string(), template: z.string() }));
const templateSetting = z.union([
  z.string(),
  severalTemplates.transform((all) => all.find(({ name }) => name === 'default')?.template),
]);

const config = z.looseObject({
  chat_template: templateSetting.nullish(),
  bos_token: special,
  eos_token: special,
  model_max_length: z.number().nullish(),
});

export type LocalCodec = ServerCodec & { count(text: string): number };

const AS_IT_IS = { skip_special_tokens: false, clean_up_tokenization_spaces: false } as const;

/** @throws {ConfigError} when the source has no readable tokenizer and chat template */
export async function loadLocalCodec(source: TokenizerSource, signal: AbortSignal): Promise<LocalCodec> {
  return readCodec(await findTokenizerFolder(source, signal), source.tokenizer);
}

function readCodec(folder: string, named: string): LocalCodec {
  const read = (file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
  try {
    const raw = read(SETTINGS);
    const { chat_template: inConfig, bos_token: bos, eos_token: eos, model_max_length: longest } = config.parse(raw);
    const file = join(folder, TEMPLATE);
    const chat = new Template(existsSync(file) ? readFileSync(file, 'utf8') : z.string().parse(inConfig));
    const tokenizer = new Tokenizer(read(TOKENIZER), raw);
    const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
    return {
      template: async (messages, templateArguments) =>
        encode(
          chat.render({
            ...templateArguments,
            messages,
            add_generation_prompt: true,
            bos_token: bos ?? '',
            eos_token: eos ?? '',
          }),
        ),
      encode: async (text) => encode(text),
      decode: async (ids) => (ids.length === 0 ? '' : tokenizer.decode([...ids], AS_IT_IS)),
      count: (text) => encode(text).length,
      // some files contain 1e30 because the limit is unknown
      window: async () => (typeof longest === 'number' && longest < 1e9 ? longest : undefined),
    };
  } catch (cause) {
    const where = folder === named ? 'in this folder' : `in ${folder}`;
    throw new ConfigError(`THINKMETER_TOKENIZER is ${named}: no tokenizer with a chat template was found ${where}`, {
      hint: 'set THINKMETER_TOKENIZER to a folder with the tokenizer.json and tokenizer_config.json of the served model, or to its hub id, such as ORGANIZATION/NAME',
      cause,
    });
  }
}

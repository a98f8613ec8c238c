/** A local template and tokenizer, for servers without such endpoints (`THINKMETER_TOKENIZER`). */
import { ConfigError } from '../../../errors.ts';
import { readFolderCodec, type FolderCodec } from '../../folder-codec.ts';
import type { ServerCodec } from './codecs.ts';
import { findTokenizerFolder, type TokenizerSource } from './tokenizer-folder.ts';

export type LocalCodec = ServerCodec & { count(text: string): number };

/** @throws {ConfigError} when the source has no readable tokenizer and chat template */
export async function loadLocalCodec(source: TokenizerSource, signal: AbortSignal): Promise<LocalCodec> {
  const codec = read(await findTokenizerFolder(source, signal), source.tokenizer);
  return {
    template: async (messages, templateArguments) => codec.template(messages, templateArguments),
    encode: async (text) => codec.encode(text),
    decode: async (ids) => codec.decode(ids),
    count: (text) => codec.encode(text).length,
    window: async () => codec.window,
  };
}

function read(folder: string, named: string): FolderCodec {
  try {
    return readFolderCodec(folder);
  } catch (cause) {
    const where = folder === named ? 'in this folder' : `in ${folder}`;
    throw new ConfigError(`THINKMETER_TOKENIZER is ${named}: no tokenizer with a chat template was found ${where}`, {
      hint: 'set THINKMETER_TOKENIZER to a folder with the tokenizer.json and tokenizer_config.json of the served model, or to its hub id, such as ORGANIZATION/NAME',
      cause,
    });
  }
}

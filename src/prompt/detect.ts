/** Facts about a model's family that only its own template and tokenizer show. */
import { familyBySwitch, TAIL_TOKENS, type Closer, type Family } from './family.ts';
import type { Codec } from './codec.ts';

/** Detects the family of a model with an unknown name, from the effect of each switch on the end of a prompt. */
export async function detectFamily(codec: Codec): Promise<Family> {
  const tail = async (system: string, templateArguments: Record<string, boolean>): Promise<string> => {
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: 'x' },
    ] as const;
    return codec.decode((await codec.template(messages, templateArguments)).slice(-TAIL_TOKENS));
  };
  const [argumentOn, argumentOff, wordOn, wordOff] = await Promise.all([
    tail('x', { enable_thinking: true }),
    tail('x', { enable_thinking: false }),
    tail('x /think', {}),
    tail('x /no_think', {}),
  ]);
  return familyBySwitch({ argument: { on: argumentOn, off: argumentOff }, word: { on: wordOn, off: wordOff } });
}

export async function encodeCloser({ closer }: Family, codec: Codec): Promise<Closer<readonly number[]>> {
  const [afterLine, elsewhere] = await Promise.all([codec.encode(closer.afterLine), codec.encode(closer.elsewhere)]);
  return { afterLine, elsewhere };
}

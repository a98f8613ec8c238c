/** A prompt that is sent as text. Its ids are known after the first chunk of its generation. */
import { isSame } from '../../../prompt/skeleton.ts';
import type { Codec } from '../../../prompt/codec.ts';
import type { RenderedText } from '../../../prompt/render.ts';
import type { Beginning } from '../../engine.ts';
import { beginningOf, type IdsBeginning } from '../../token-ids.ts';
import { estimatedTokens } from '../http/estimate.ts';
import type { Seen } from './seen.ts';

export class TextBeginning implements Beginning {
  readonly text: string;
  readonly tail: string;
  readonly #rendered: RenderedText;
  #ids: readonly number[] | undefined;
  #estimate: number | undefined;

  constructor(rendered: RenderedText) {
    this.#rendered = rendered;
    this.text = rendered.text;
    this.tail = rendered.tail;
  }

  /** undefined: no chunk has arrived */
  get ids(): readonly number[] | undefined {
    return this.#ids;
  }

  /** An estimate until the ids are known. */
  get promptTokens(): number {
    if (this.#ids !== undefined) return this.#ids.length;
    this.#estimate ??= estimatedTokens(this.text);
    return this.#estimate;
  }

  /** An upper limit, because a token has at least one byte. */
  get mostTokens(): number {
    return this.#ids?.length ?? Buffer.byteLength(this.text);
  }

  get exact(): boolean {
    return this.#ids !== undefined;
  }

  /** Stores the prompt ids that the server reported. */
  setIds(ids: readonly number[]): void {
    this.#ids = ids;
  }

  /** The beginning with ids. Encoding costs a request, but only if no chunk has arrived. */
  async asIds(encode: Codec['encode']): Promise<IdsBeginning> {
    return beginningOf(this.#ids ?? (await encode(this.text)), this.tail);
  }

  /**
   * Checks once per skeleton that the server's prompt ids equal the ids of the encoded text. If the server adds a token to
   * text prompts, later prompts of this kind are sent as ids. Runs in the background.
   */
  async compare({ compared, skeletons }: Seen, codec: Codec): Promise<void> {
    const { conversation } = this.#rendered;
    const shape = skeletons.shapeOf(conversation);
    if (compared.has(shape) || this.#ids === undefined) return;
    compared.add(shape);
    try {
      if (!isSame(await codec.encode(this.text), this.#ids)) skeletons.distrust(conversation);
    } catch {
      compared.delete(shape);
    }
  }
}

/** A prompt that goes out as text: its ids are known when the first chunk of its generation has come. */
import { isSame } from '../../../prompt/skeleton.ts';
import type { Codec } from '../../../prompt/codec.ts';
import type { RenderedText } from '../../../prompt/render.ts';
import type { Beginning } from '../../engine.ts';
import { beginningOf, type IdsBeginning } from '../../token-ids.ts';
import type { Seen } from './seen.ts';

export class TextBeginning implements Beginning {
  readonly text: string;
  readonly tail: string;
  readonly #rendered: RenderedText;
  /** a token has a byte at least, so the prompt has no more tokens than this */
  readonly #bytes: number;
  #ids: readonly number[] | undefined;

  constructor(rendered: RenderedText) {
    this.#rendered = rendered;
    this.#bytes = Buffer.byteLength(rendered.text);
    this.text = rendered.text;
    this.tail = rendered.tail;
  }

  /** undefined: no chunk has come */
  get ids(): readonly number[] | undefined {
    return this.#ids;
  }

  get promptTokens(): number {
    return this.#ids?.length ?? this.#bytes;
  }

  get exact(): boolean {
    return this.#ids !== undefined;
  }

  /** As the server has shown them. */
  setIds(ids: readonly number[]): void {
    this.#ids = ids;
  }

  /** With its ids, which cost a request only if no chunk has come. */
  async asIds(encode: Codec['encode']): Promise<IdsBeginning> {
    return beginningOf(this.#ids ?? (await encode(this.text)), this.tail);
  }

  /**
   * Whether the server made the same ids of the text as its template gives, once a skeleton. A server that puts something
   * in front of a text prompt is found out so, and gets ids from then on. Nobody waits for it.
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

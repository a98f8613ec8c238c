/** Answers that do not change for a tokenizer, kept for the most recent questions. */
const MOST = 512;
/** Longer questions, such as whole documents, are not asked twice. */
const LONGEST = 256;

export class Memo<T> {
  readonly #answers = new Map<string, T>();

  /** The answer kept, or that of `ask`, which is kept unless it fails. */
  async get(key: string, ask: () => Promise<T>): Promise<T> {
    if (key.length > LONGEST) return ask();
    const kept = this.#answers.get(key);
    if (kept !== undefined) return kept;
    const answer = await ask();
    if (this.#answers.size >= MOST) this.#answers.delete(this.#answers.keys().next().value ?? key);
    this.#answers.set(key, answer);
    return answer;
  }

  /** Another model may be served by now. */
  clear(): void {
    this.#answers.clear();
  }
}

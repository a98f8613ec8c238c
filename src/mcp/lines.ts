/**
 * Bytes of stdin as lines of UTF-8, without blanks around them: Windows ends lines with CR LF, and PowerShell and .NET
 * begin a stream with a byte order mark. Blank lines are left out. Bytes that are not UTF-8 become U+FFFD.
 */
export class Lines {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** `limit`: most bytes of one line */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The lines that these bytes complete. @throws {RangeError} if a line is longer than the limit */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      this.#add(bytes.subarray(start, end));
      lines.push(...this.end());
      start = end + 1;
    }
    this.#add(bytes.subarray(start));
    return lines;
  }

  /** The last line: the stream may end without a line end. */
  end(): string[] {
    const line = Buffer.concat(this.#parts).toString('utf8').trim();
    this.#parts = [];
    this.#bytes = 0;
    return line === '' ? [] : [line];
  }

  #add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#limit) throw new RangeError(`a message is longer than ${this.#limit} bytes`);
    this.#parts.push(part);
  }
}

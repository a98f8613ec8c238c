/**
 * How wide a text may become. A page chooses its own font, so the widths are the greatest of Open Sans (the font of the
 * PNG), DejaVu Sans and Liberation Sans, read from their `hmtx` tables.
 */

/** In hundredths of the font size. */
const WIDTHS: readonly (readonly [number, string])[] = [
  [29, "'ijlI·"],
  [34, ' ,.:;'],
  [39, 'f-/\\()[]t'],
  [46, 'r!"'],
  [52, 'J`sz–'],
  [56, '*c|?L_'],
  [59, 'kvxy'],
  [63, 'FToaebdghnpqu'],
  [64, '$0123456789{}'],
  [69, 'EKPSYAVBXZ'],
  [75, 'CRUHN'],
  [79, 'D&GOQ'],
  [84, 'w#+<=>^~−'],
  [95, 'M%'],
  [102, 'mW@…'],
];
const WIDTH_OF = new Map(
  WIDTHS.flatMap(([width, characters]) => Array.from(characters, (each) => [each, width] as const)),
);

/** The widest letters of the alphabets in European use, and of all others. */
const [EUROPEAN, ANY] = [121, 180];

export function textWidth(text: string, size: number): number {
  const widths = Array.from(
    text,
    (each) => WIDTH_OF.get(each) ?? ((each.codePointAt(0) ?? 0) < 0x0600 ? EUROPEAN : ANY),
  );
  return (widths.reduce((sum, width) => sum + width, 0) * size) / 100;
}

/** The text, or its two ends with an ellipsis between them: names of models differ at both ends. */
export function fitted(text: string, isFitting: (text: string) => boolean): string {
  if (isFitting(text)) return text;
  const characters = Array.from(text);
  const shortened = (kept: number): string => {
    const end = Math.floor(kept / 3);
    return `${characters.slice(0, kept - end).join('')}…${characters.slice(characters.length - end).join('')}`;
  };
  let [most, tooMany] = [0, characters.length];
  while (tooMany - most > 1) {
    const kept = Math.floor((most + tooMany) / 2);
    if (isFitting(shortened(kept))) most = kept;
    else tooMany = kept;
  }
  return shortened(most);
}

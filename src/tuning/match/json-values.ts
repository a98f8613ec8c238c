/** Finds JSON values in an answer, and compares them: the order of keys does not matter, and 1.0 is 1. */

/** A value within prose is searched in this many characters at the end. */
const SEARCHED_CHARACTERS = 20_000;
/** Brackets that are never closed are each searched to the end of the text: together over at most this many characters. */
const MOST_STEPS = 2_000_000;
/** A model that loops may write any number of fences. */
const MOST_FENCES = 100;

export type Parsed = { readonly value: unknown };

/** Absent: the text is no JSON. */
export function parsedJson(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** The whole answer, the contents of its code fences, and the outermost objects and lists within its prose. */
export function* jsonValuesIn(answer: string): Generator {
  const whole = parsedJson(answer);
  if (whole !== undefined) {
    yield whole.value;
    return;
  }
  // the text between two fences begins with the name of a language, or with its line end
  const fences = answer.split('```').filter((_, index) => index % 2 === 1);
  for (const content of fences.slice(-MOST_FENCES)) {
    const fenced = parsedJson(content.replace(/^[\w-]*\s/, ''));
    if (fenced !== undefined) yield fenced.value;
  }
  const text = answer.slice(-SEARCHED_CHARACTERS);
  let steps = 0;
  let position = nextOpening(text, 0);
  while (position !== -1 && steps < MOST_STEPS) {
    const end = endOfValue(text, position);
    steps += (end ?? text.length) - position;
    const found = end === undefined ? undefined : parsedJson(text.slice(position, end));
    if (found !== undefined) yield found.value;
    position = nextOpening(text, found === undefined ? position + 1 : (end ?? position + 1));
  }
}

export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const entries = Object.entries(one);
  const others = new Map(Object.entries(other));
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && isSameJson(value, others.get(key)))
  );
}

function nextOpening(text: string, from: number): number {
  const opening = /[[{]/g;
  opening.lastIndex = from;
  return opening.exec(text)?.index ?? -1;
}

/** Behind the bracket that closes the one at `start`; brackets within strings do not count. */
function endOfValue(text: string, start: number): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let index = start; index < text.length; index++) {
    const character = text.charAt(index);
    if (isInString) {
      if (character === '\\') index++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return index + 1;
    }
  }
  return undefined;
}

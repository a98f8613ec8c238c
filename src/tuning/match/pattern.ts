/**
 * A user's regular expression. Its flags are `i` and `s`, as comparisons ignore letter case elsewhere and an answer has
 * several lines; and `u`, unless it compiles only without. `^` and `$` are the ends of the whole answer, trimmed.
 *
 * Backtracking can take longer than any run: `(a+)+$` takes exponential time in 40 characters, and `.*x.*y.*z` cubic time
 * in a long answer. So only the last 20,000 characters are searched, and for 250 ms: V8 stops a search in a script of
 * its own. A search that is stopped counts as no match, because it has tried far more than a match takes.
 */
import { createContext, Script } from 'node:vm';

const SEARCHED_CHARACTERS = 20_000;
const MOST_MS = 250;

const SEARCH = new Script('pattern.test(text)');

/** @throws {SyntaxError} if it compiles neither with flag `u` nor without; the error is of the latter */
export function compiled(source: string): RegExp {
  try {
    return new RegExp(source, 'isu');
  } catch {
    return new RegExp(source, 'is');
  }
}

export function isFound(pattern: RegExp, text: string): boolean {
  const context = createContext({ pattern, text: text.trim().slice(-SEARCHED_CHARACTERS) });
  try {
    return SEARCH.runInContext(context, { timeout: MOST_MS }) === true;
  } catch (error) {
    // made in the context, so it is not instanceof this one's Error
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}

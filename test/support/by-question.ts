/** One fake for many tests: a word in the prompt decides which script plays. */
import type { Script } from './fake-vllm/generation.ts';

/** The first whose word occurs; without one the prompt is an error: a 500. */
export function byQuestion(scripts: Readonly<Record<string, Script>>): Script {
  return (prompt) => {
    const found = Object.entries(scripts).find(([word]) => prompt.text.includes(word));
    if (found === undefined) throw new Error('no script for this prompt');
    return found[1](prompt);
  };
}

import type { Progress } from '../budget/story.ts';

/** How far a run is, in a line. */
export function progressText({ phase, thinkingTokens, answerTokens, message }: Progress): string {
  const tokens = `${thinkingTokens} thinking tokens${answerTokens > 0 ? `, ${answerTokens} answer tokens` : ''}`;
  const words = {
    waiting: 'waiting for the model',
    loading: 'loading the model',
    thinking: `thinking: ${tokens}`,
    answering: `answering: ${tokens}`,
  };
  return message === undefined ? words[phase] : `${words[phase]} (${message})`;
}

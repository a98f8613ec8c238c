import type { Progress } from '../budget/values.ts';

/** The progress of a run in one line. */
export function progressText({ phase, thinkingTokens, answerTokens, message }: Progress): string {
  const answered = answerTokens > 0 ? `, ${counted(answerTokens, 'answer')}` : '';
  const tokens = `${counted(thinkingTokens, 'thinking')}${answered}`;
  const words = {
    waiting: 'waiting for the model',
    loading: 'loading the model',
    thinking: `thinking: ${tokens}`,
    answering: `answering: ${tokens}`,
  };
  return message === undefined ? words[phase] : `${words[phase]} (${message})`;
}

function counted(count: number, kind: string): string {
  return `${count} ${kind} ${count === 1 ? 'token' : 'tokens'}`;
}

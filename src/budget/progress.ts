export type Progress = {
  readonly phase: 'waiting' | 'loading' | 'thinking' | 'answering';
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** what is being loaded, in words */
  readonly message?: string;
};

/** Thinking budgets by complexity, in tokens. */
export const COMPLEXITY = { simple: 128, medium: 512, complex: 1024, critical: 2048 } as const;

/** The default budget of `reason` by use case, if the call names neither a budget nor a complexity. */
export const USE_CASE = { edge: 128, chat: 256, rag: 512, copilot: 1024 } as const;

/** The default budget of `reason` if no use case is set. */
export const DEFAULT_THINKING_BUDGET = 512;

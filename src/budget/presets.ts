/** Budgets by name, in thinking tokens. */
export const COMPLEXITY = { simple: 128, medium: 512, complex: 1024, critical: 2048 } as const;

/** What a use case gives `reason` where the call names neither a budget nor a complexity. */
export const USE_CASE = { edge: 128, chat: 256, rag: 512, copilot: 1024 } as const;

/** `reason`'s, where no use case was set either. */
export const DEFAULT_THINKING_BUDGET = 512;
